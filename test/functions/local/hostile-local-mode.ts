import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMetadata } from '../../../functions/local/dependencies.ts';
import { openDevIssuer } from '../../../functions/local/dev-issuer.ts';
import { openHiddenFolder } from '../../../functions/local/hidden-folder.ts';
import { startLocalMode } from '../../../functions/local/local-mode.ts';
import type { RenderLimits } from '../../../functions/rendering/render-process.ts';
import type { Upload } from '../../../shared/api/schemas.ts';
import { readConfig } from '../../../shared/config.ts';
import type { UploadRecord } from '../../../shared/metadata/records.ts';
import { sendPicture, uploadAtItsEnd } from '../../crash/load.ts';
import { type Behaviour, HOSTILE_CHILD, imageThat } from '../rendering/hostile-images.ts';

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
const CLAIM_NAMES = { subject: 'sub', organization: 'organization', roles: 'roles' };
const PHOTO = new URL('../../fixtures/photo.jpg', import.meta.url);

/** Local mode with a renderer that some images make hang or grow. */
export interface HostileLocalMode {
  /** Sends an avatar for a user of the organization; resolves with the upload's id. */
  sendHostile(organization: string, user: string, behaviour: Behaviour): Promise<string>;
  sendPhoto(organization: string, user: string): Promise<string>;
  /** The upload at its end, or after 20 s. */
  atItsEnd(organization: string, uploadId: string): Promise<Upload>;
  records(uploadIds: readonly string[]): Promise<readonly (UploadRecord | undefined)[]>;
  close(): Promise<void>;
}

export async function openHostileLocalMode(limits: Partial<RenderLimits> = {}): Promise<HostileLocalMode> {
  const folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  const config = readConfig({ UPLOAD_DIRECTORY: folder, PORT: '0' });
  const rendering = { module: HOSTILE_CHILD, ...limits };
  const local = await startLocalMode({ config, nodeEnv: 'test', log: SILENT, clock: () => new Date(), rendering });
  const { metadata, close } = await openMetadata(config);
  const { signingKey } = await openHiddenFolder(folder);
  const issuer = await openDevIssuer({ keyFile: signingKey, claimNames: CLAIM_NAMES, nodeEnv: 'test' });
  const sessionOf = async (organization: string, user: string) => {
    const token = await issuer.issue({ sub: user, organization, roles: ['service'], ttlSeconds: 600 });
    return { url: local.url, token, user };
  };
  const send = async (organization: string, user: string, bytes: Buffer) =>
    sendPicture(await sessionOf(organization, user), { bytes, contentType: 'image/jpeg' }, 'put');
  return {
    sendHostile: (organization, user, behaviour) => send(organization, user, imageThat(behaviour)),
    sendPhoto: async (organization, user) => send(organization, user, await readFile(PHOTO)),
    atItsEnd: async (organization, uploadId) => uploadAtItsEnd(await sessionOf(organization, 'reader'), uploadId),
    records: (uploadIds) => metadata.getUploads(uploadIds),
    async close() {
      await local.stop();
      close();
      await rm(folder, { recursive: true });
    },
  };
}
