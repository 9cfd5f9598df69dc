import type { S3Event } from 'aws-lambda';

/** An object as its event tells of it. `key` is the whole key, with the configured prefix; `size` in bytes. */
export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly eTag: string;
  /** What made it; `ObjectCreated:` stands before it. @default 'Put' */
  readonly operation?: 'Put' | 'Copy' | 'CompleteMultipartUpload';
  readonly at: Date;
}

/** What S3 sends to a queue when an object was created (S3 user guide, "Event message structure", version 2). */
export function objectCreatedEvent(object: CreatedObject): S3Event {
  const eventTime = object.at.toISOString();
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'local',
        eventTime,
        eventName: `ObjectCreated:${object.operation ?? 'Put'}`,
        userIdentity: { principalId: 'local' },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: { 'x-amz-request-id': 'local', 'x-amz-id-2': 'local' },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'uploads',
          bucket: {
            name: object.bucket,
            ownerIdentity: { principalId: 'local' },
            arn: `arn:aws:s3:::${object.bucket}`,
          },
          object: {
            // Form-encoded, as S3 writes keys in events.
            key: object.key.split('/').map(encodeURIComponent).join('/').replaceAll('%20', '+'),
            size: object.size,
            eTag: object.eTag,
            sequencer: object.at.getTime().toString(16).toUpperCase().padStart(18, '0'),
          },
        },
      },
    ],
  };
}
