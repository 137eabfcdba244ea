import { listenXmlIpc } from '@sanode/ipc';
import { announcedRelease, clusterGroup, notifyReady, openLog, paths, usableGroupId } from '@sanode/runtime';
import { SchedulerService } from './answer.ts';
import { InputSeries } from './input-series.ts';

const secondsPerMinute = 60;

const log = openLog({ name: 'pengine', file: paths.pacemakerLog });
const service = new SchedulerService(
  {
    log,
    inputs: new InputSeries(paths.schedulerInputDir),
    wallMs: () => Date.now(),
    utcOffsetSeconds: () => -new Date().getTimezoneOffset() * secondsPerMinute,
  },
  announcedRelease(),
);

const gid = usableGroupId(clusterGroup);
const server = await listenXmlIpc(
  { path: paths.socket('pengine'), mode: 0o660, ...(gid === undefined ? {} : { gid }) },
  {
    request(_client, message, respond) {
      const { reply, afterwards } = service.answer(message);
      respond(reply);
      // The controller goes on while the input is written.
      setImmediate(afterwards);
    },
    message() {
      log.debug({}, 'a message without question is ignored');
    },
  },
);

process.once('SIGTERM', () => void stop());
notifyReady();
log.info({}, 'pengine is ready');

async function stop(): Promise<void> {
  await server.close();
  process.exit(0);
}
