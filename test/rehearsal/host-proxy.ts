import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface RunningProxy {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A proxy (RFC 9110, 9.3.6) for which every host is the server on `port` of 127.0.0.1: the names of an API and of a CDN
 * are reached there although no name server knows them, and nothing ever leaves this machine.
 */
export async function startHostProxy(port: number): Promise<RunningProxy> {
  const sockets = new Set<Socket>();
  const server = createServer().on('connect', (_, client: Socket, head) => {
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
