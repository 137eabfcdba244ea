// Asks an address over HTTP again and again, as an impatient client does: every INTERVAL ms a new connection, without
// waiting for the one before. Prints a line for each answer: `START END ok BODY` or `START END failed REASON`, times
// in ms since 1970. Ends by itself after SECONDS.
//   node http-probe.ts URL INTERVAL-MS TIMEOUT-MS SECONDS
import { get } from 'node:http';

const [url = '', intervalMs = '20', timeoutMs = '500', seconds = '60'] = process.argv.slice(2);

function ask(): void {
  const startMs = Date.now();
  const report = (verdict: string): void => void process.stdout.write(`${startMs} ${Date.now()} ${verdict}\n`);
  const request = get(url, { agent: false, timeout: Number(timeoutMs) }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body = (body + chunk).slice(0, 200);
    });
    response.on('end', () =>
      report(response.statusCode === 200 ? `ok ${body.trim().replaceAll('\n', ' ')}` : `failed ${response.statusCode}`),
    );
    response.on('error', () => {});
  });
  request.on('timeout', () => request.destroy(new Error('timeout')));
  request.on('error', (error: NodeJS.ErrnoException) => report(`failed ${error.code ?? error.message}`));
}

const timer = setInterval(ask, Number(intervalMs));
setTimeout(() => clearInterval(timer), Number(seconds) * 1000);
