import { once } from 'node:events';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processIo } from '@sanode/cli/process-io';
import { systemDeps } from '@sanode/cli/tools/pcs/deps';
import { notifyReady, openLog, paths } from '@sanode/runtime';
import { Accounts, checkArgument } from './accounts.ts';
import { ensureCertificate } from './certificate.ts';
import { pcsdEndpoints } from './endpoints.ts';
import { pamAuthenticate, pamService } from './pam.ts';
import { createPcsdServer } from './server.ts';
import { TokenStore } from './tokens.ts';

const defaultPort = 2224;

if (process.argv[2] === checkArgument) await checkPassword();
else await serve();

/** The process that checks one password: name and password on standard input, the answer is the exit code. */
async function checkPassword(): Promise<void> {
  const input = await processIo().readStdin(8192);
  const newline = input.indexOf('\n');
  const right = newline > 0 && pamAuthenticate(pamService(), input.slice(0, newline), input.slice(newline + 1));
  process.exit(right ? 0 : 1);
}

async function serve(): Promise<void> {
  // Files with secrets are made with modes of their own; folders have to stay readable.
  process.umask(0o022);
  const log = openLog({ name: 'pcsd', file: paths.pcsdLog });
  const port = Number(process.env['PCSD_PORT'] || defaultPort);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    log.fatal({}, `PCSD_PORT '${process.env['PCSD_PORT']}' is no port, use 1..65535`);
    process.exit(78);
  }
  const addresses = (process.env['PCSD_BIND_ADDR'] || '')
    .split(',')
    .map((part) => part.trim().replace(/^['"]|['"]$/g, ''));
  const certificate = await ensureCertificate(paths.pcsdStateDir, hostname());
  const tokens = new TokenStore(join(paths.pcsdStateDir, 'pcs_users.conf'));
  const accounts = new Accounts();
  const { files, systemctl, tool } = systemDeps(processIo(), undefined);
  const endpoints = pcsdEndpoints({
    files,
    systemctl,
    tool,
    logIn: (username, password) => accounts.logIn(username, password),
    issueToken: (username) => tokens.issue(username, Date.now()),
    hostName: hostname,
  });
  const servers = addresses.map((address) => {
    const server = createPcsdServer(certificate, { endpoints, log, userOf: (token) => tokens.userOf(token) });
    server.listen(port, address === '' || address === '*' ? undefined : address);
    return server;
  });
  try {
    await Promise.all(servers.map((server) => once(server, 'listening')));
  } catch (error) {
    log.fatal({ err: error }, `pcsd cannot listen on port ${port}: ${(error as Error).message}`);
    process.exit(1);
  }
  log.info({ port }, 'pcsd is ready');
  notifyReady();
  process.on('SIGTERM', () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    log.info({}, 'pcsd ends');
    process.exit(0);
  });
}
