import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivate } from '@sanode/cli/tools/pcs/known-hosts';

/** RSA bits and days of a certificate made at the first start (cli-pcs.md 4.1). */
const keyBits = 3072;
const validDays = 3650;
const dayMs = 86_400_000;

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The daemon's certificate; made, and kept, when there is none yet. Files: pcsd.crt and pcsd.key (0600). */
export async function ensureCertificate(stateDir: string, hostName: string): Promise<Certificate> {
  const certFile = join(stateDir, 'pcsd.crt');
  const keyFile = join(stateDir, 'pcsd.key');
  try {
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    return { cert, key };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = await makeCertificate(hostName, Date.now());
  await writePrivate(keyFile, made.key);
  await writePrivate(certFile, made.cert);
  return made;
}

/** Makes a self-signed certificate for a host. */
export async function makeCertificate(hostName: string, nowMs: number): Promise<Certificate> {
  // The library's dependency injection wants this polyfill in place before it loads.
  await import('reflect-metadata');
  const { PemConverter, X509CertificateGenerator, cryptoProvider } = await import('@peculiar/x509');
  cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0]);
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: keyBits,
  };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const text = (value: string): string[] => [value];
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
      .toString('hex')
      .replace(/^[89a-f]/, '1'),
    name: [
      { C: text('US') },
      { ST: text('MN') },
      { L: text('Minneapolis') },
      { O: text('pcsd') },
      { OU: text('pcsd') },
      { CN: text(hostName.slice(0, 64)) },
    ],
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + validDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(key, 'PRIVATE KEY')}\n` };
}
