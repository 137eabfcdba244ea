import type { ToolIo } from './io.ts';

/** The surroundings of this process. */
export function processIo(): ToolIo {
  // Whoever reads our output may stop reading, as head(1) does: the rest is for nobody, and no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    async readStdin(maxBytes) {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of process.stdin) {
        bytes += (chunk as Buffer).length;
        if (bytes > maxBytes) throw new Error(`standard input is over ${maxBytes} bytes`);
        chunks.push(chunk as Buffer);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
    env: process.env,
    isTty: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 80,
  };
}
