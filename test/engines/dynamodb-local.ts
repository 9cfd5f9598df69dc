import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installOnce, type RunningEngine, runCommand, startEngine, startOnFreePorts } from './engine-process.ts';

const VERSION = '3.3.1';

/** A DynamoDB on 127.0.0.1. Its tables are the same for every region and identity. */
export interface RunningDynamoDb extends RunningEngine {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * DynamoDB Local, which is Amazon's own: the one engine without a container that knows transactions with their
 * cancellation reasons. Its data is in memory and gone with `stop()`.
 * @throws EngineUnavailableError without Java 17 or, at the first start, Maven.
 */
export async function startDynamoDbLocal(): Promise<RunningDynamoDb> {
  await runCommand('java', ['-version']);
  const libraries = join(await installOnce(`dynamodb-local-${VERSION}`, install), 'lib');
  return startOnFreePorts({ count: 1 }, ([port = 0]) => startOn(port, libraries));
}

async function startOn(port: number, libraries: string): Promise<RunningDynamoDb> {
  const directory = await mkdtemp(join(tmpdir(), 'dynamodb-'));
  const endpoint = `http://127.0.0.1:${port}`;
  const args = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xmx512m',
    `-Djava.library.path=${libraries}`,
    '-cp',
    join(libraries, '*'),
    join(import.meta.dirname, 'DynamoDbLocal.java'),
    String(port),
  ];
  const removeLog = () => rm(directory, { recursive: true, force: true });
  try {
    // It answers 400 to a request without an operation.
    const isReady = async () => (await fetch(endpoint)).status === 400;
    const engine = await startEngine({ command: 'java', args, logFile: join(directory, 'log'), isReady });
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    return { endpoint, region: 'us-east-1', credentials, stop: () => engine.stop().finally(removeLog) };
  } catch (error) {
    await removeLog();
    throw error;
  }
}

/** The jars, and the native library of the database inside. */
async function install(folder: string): Promise<void> {
  await writeFile(join(folder, 'pom.xml'), POM);
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
  await runCommand('mvn', ['--quiet', '--batch-mode', goal, '-DoutputDirectory=lib'], folder);
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>engines</groupId>
  <artifactId>dynamodb-local</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>software.amazon.dynamodb</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;
