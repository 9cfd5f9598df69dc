import { describe, expect, it } from 'vitest';
import { describeConfig, readConfig } from '../shared/config.ts';

function faultOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no fault';
}

describe('the configuration', () => {
  it('has a default for every variable, so an empty environment starts local mode', () => {
    expect(readConfig({})).toMatchObject({
      STORAGE_BACKEND: 'local',
      UPLOAD_DIRECTORY: './uploads',
      HOST: '127.0.0.1',
      PORT: 3000,
      AVATAR_MAX_BYTES: 41_943_040,
      ATTACHMENT_MAX_BYTES: 5_368_709_120,
      ATTACHMENT_TYPES: '*',
      MULTIPART_THRESHOLD: 104_857_600,
      STRIP_MAX_BYTES: 67_108_864,
      OPEN_UPLOADS_PER_USER: 20,
      SENT_UPLOADS_PER_USER: 200,
      GIVE_UP_HOURS: 24,
    });
  });

  it('takes an empty variable as unset', () => {
    expect(readConfig({ PORT: '' }).PORT).toBe(3000);
  });

  it.each([
    ['1048576', 1_048_576],
    ['1 MiB', 1_048_576],
    ['64KiB', 65_536],
    ['2 GiB', 2_147_483_648],
    ['7 B', 7],
  ])('reads the size "%s" as %d bytes', (text, bytes) => {
    expect(readConfig({ AVATAR_MAX_BYTES: text }).AVATAR_MAX_BYTES).toBe(bytes);
  });

  it.each([
    ['STORAGE_BACKEND', 'ftp', 'one of local, s3'],
    ['PORT', '70000', 'a whole number from 0 to 65535'],
    ['PORT', '3000x', 'a whole number from 0 to 65535'],
    ['PUBLIC_BASE_URL', 'files.example.com', 'an http or https URL without a final slash'],
    ['PUBLIC_BASE_URL', 'https://files.example.com/', 'an http or https URL without a final slash'],
    ['AVATAR_MAX_BYTES', '10 MB', 'bytes, as 10485760 or 10 MiB'],
    ['AVATAR_MAX_BYTES', '0', 'bytes, as 10485760 or 10 MiB'],
    ['AVATAR_MAX_BYTES', '-5', 'bytes, as 10485760 or 10 MiB'],
    ['ATTACHMENT_MAX_BYTES', '6 GiB', 'bytes, as 10485760 or 10 MiB, from 1 to 5368709120'],
    ['MULTIPART_THRESHOLD', '1 MiB', 'bytes, as 10485760 or 10 MiB, from 5242880 to 5368709120'],
    ['STRIP_MAX_BYTES', '1 GiB', 'bytes, as 10485760 or 10 MiB, from 1 to 268435456'],
    ['ATTACHMENT_TYPES', 'images', 'media types with commas between, as image/*,application/pdf; or *'],
    ['ATTACHMENT_TYPES', 'image/*,', 'media types with commas between, as image/*,application/pdf; or *'],
    ['LINK_SECRET_ARN', 'links', 'the ARN of a secret'],
    ['AGENT_BINDING', 'never', 'one of first-ticket, registered'],
    ['OPEN_UPLOADS_PER_USER', '0', 'a whole number from 1 to 1000'],
    ['SENT_UPLOADS_PER_USER', '10001', 'a whole number from 1 to 10000'],
    ['GIVE_UP_HOURS', '145', 'a whole number from 1 to 144'],
    ['ROLES_CLAIM', 'my roles', 'the name of a token claim'],
    ['AWS_REGION', 'Frankfurt', 'a region, as eu-central-1'],
    ['S3_BUCKET_NAME', 'My Bucket', 'the name of a bucket'],
    ['S3_BUCKET_PATH', '/tenant/', 'a key prefix without a slash at either end'],
    ['S3_BUCKET_PATH', 'tenant/..', 'a key prefix without a slash at either end'],
    ['CLOUDFRONT_DOMAIN', 'https://cdn.example.com', 'a host name'],
  ])('refuses %s=%s by its name and says what it accepts', (name, value, accepts) => {
    expect(faultOf({ [name]: value })).toBe(`${name} is "${value}"; it accepts ${accepts}`);
  });

  it('stores in S3 in production, unless it is told otherwise', () => {
    const bucket = { S3_BUCKET_NAME: 'files', NODE_ENV: 'production' };
    expect(readConfig(bucket).STORAGE_BACKEND).toBe('s3');
    expect(readConfig({ ...bucket, STORAGE_BACKEND: 'local' }).STORAGE_BACKEND).toBe('local');
  });

  it('refuses a shared table beside a folder that nobody shares', () => {
    expect(faultOf({ METADATA_TABLE_NAME: 'records' })).toMatch(/^METADATA_TABLE_NAME is set; /);
  });

  it('asks for a bucket where objects are stored in S3', () => {
    expect(faultOf({ STORAGE_BACKEND: 's3' })).toMatch(/^S3_BUCKET_NAME is not set; /);
    expect(faultOf({ NODE_ENV: 'production' })).toMatch(/^S3_BUCKET_NAME is not set; /);
  });

  it('names every bad variable at once', () => {
    expect(faultOf({ PORT: 'x', HOST: 'a b' }).split('\n')).toHaveLength(2);
  });

  it('describes every variable for the documentation', () => {
    expect(describeConfig()).toContainEqual({
      name: 'PORT',
      accepts: 'a whole number from 0 to 65535',
      fallback: '3000',
    });
  });
});
