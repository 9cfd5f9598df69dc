import { readFileSync } from 'node:fs';
import { setGlobalProxyFromEnv } from 'node:http';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** How a process reaches the hosts of a deployment: through a proxy, trusting the certificate in a file. */
export interface Way {
  readonly proxyUrl: string;
  readonly certificate: string;
}

/** Sends this process's requests that way, but for those to 127.0.0.1, which need no proxy. */
export function reach({ proxyUrl, certificate }: Way): void {
  setGlobalProxyFromEnv({ HTTPS_PROXY: proxyUrl, NO_PROXY: '127.0.0.1' });
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(certificate, 'utf8')]);
}
