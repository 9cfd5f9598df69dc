import { createDispatcher, type Handlers } from '../shared/api/dispatch.ts';
import { openApiDocument } from '../shared/api/openapi.ts';
import { publicContent } from '../shared/attachments/public-content.ts';
import { getAvatarImage } from '../shared/avatars/avatar-image.ts';
import type { PublicApiDependencies } from '../shared/dependencies.ts';
import { type HttpHandler, httpPipeline } from './middleware.ts';

/** `<img>` shows a changed picture after a minute. */
const IMAGE_CACHE_CONTROL = 'public, max-age=60';

/** The operations that need no token, and the answer to every address that is not one (`$default`). */
export function createPublicApiHandler(dependencies: PublicApiDependencies): HttpHandler {
  const { settings, log, storage, metadata } = dependencies;
  let openApi: string | undefined;
  const handlers: Handlers<'public-api'> = {
    async getAvatarImage({ params: avatar, query }) {
      const answer = await getAvatarImage(dependencies, avatar, query);
      if (answer.kind === 'redirect') {
        return { status: 302, headers: { location: answer.location, 'cache-control': IMAGE_CACHE_CONTROL } };
      }
      return { status: 200, headers: SVG_HEADERS, body: answer.svg };
    },
    async getPublicAttachment({ params, query }) {
      const { location, cacheControl } = await publicContent(dependencies, { fileId: params.id, query });
      return { status: 302, headers: { location, 'cache-control': cacheControl, ...CONTENT_HEADERS } };
    },
    async getHealth() {
      return { status: 200, body: { status: 'ok' } };
    },
    async getReadiness() {
      await Promise.all([storage.checkReady(), metadata.checkReady()]);
      return { status: 200, body: { status: 'ready' } };
    },
    async getOpenApi() {
      openApi ??= JSON.stringify(openApiDocument());
      return { status: 200, body: openApi };
    },
  };
  return httpPipeline(log, createDispatcher({ group: 'public-api', handlers, claimNames: settings.claimNames }));
}

/** Pages of other origins may show what they have a link to (Fetch, "Cross-Origin-Resource-Policy"). */
const CONTENT_HEADERS = { 'cross-origin-resource-policy': 'cross-origin' };

/** An SVG can carry scripts; these headers make sure that ours never runs one, wherever it is opened. */
const SVG_HEADERS = {
  'content-type': 'image/svg+xml',
  'cache-control': IMAGE_CACHE_CONTROL,
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
};
