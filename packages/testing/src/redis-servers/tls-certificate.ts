import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface TlsCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** In PEM. It is self-signed, so it is also the authority that a client must trust. */
  readonly certificate: string;
}

/** Creates a self-signed certificate for 127.0.0.1 and localhost with the `openssl` command. */
export async function newTlsCertificate(directory: string): Promise<TlsCertificate> {
  const certificateFile = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ...['-keyout', keyFile, '-out', certificateFile],
  ]);
  return { certificateFile, keyFile, certificate: await readFile(certificateFile, 'utf8') };
}
