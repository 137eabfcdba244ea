import { Controller } from '@sanode/controller';
import { Envelopes } from '@sanode/messages';
import { announcedRelease, type Logger, openLog, paths, Reactor } from '@sanode/runtime';
import { CrmdHost } from './host.ts';

const base = openLog({ name: 'crmd', file: paths.pacemakerLog });
const reactor = new Reactor(`crmd/${process.pid}`);
const log = withCause(base);
const release = announcedRelease();

const host = new CrmdHost({ reactor, log });
const controller = new Controller(
  { host, envelopes: new Envelopes({ wallMs: () => Date.now() }, release) },
  { dcVersion: `${release.pacemakerVersion}-sanode` },
);
host.attach(controller);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => reactor.enter(() => controller.handleTerm()));
}
log.info({ release: release.name, featureSet: release.featureSet }, 'crmd starts');
reactor.enter(() => controller.start());

/** Every line carries the event that it comes of. */
function withCause(logger: Logger): Logger {
  const add = (fields: object): object => ({ cause: reactor.cause, ...fields });
  return {
    trace: (fields, message) => logger.trace(add(fields), message),
    debug: (fields, message) => logger.debug(add(fields), message),
    info: (fields, message) => logger.info(add(fields), message),
    warn: (fields, message) => logger.warn(add(fields), message),
    error: (fields, message) => logger.error(add(fields), message),
    fatal: (fields, message) => logger.fatal(add(fields), message),
    child: (fields) => withCause(logger.child(fields)),
  };
}
