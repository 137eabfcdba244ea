import type { AgentParameter } from '@sanode/ocf';

export const defaultStatusRegex = 'Reading: [0-9]+ Writing: [0-9]+ Waiting: [0-9]+';

/** Parameters of ocf:heartbeat:nginx (ocf-agents.md 3.1). */
export const parameters: readonly AgentParameter[] = [
  {
    name: 'configfile',
    type: 'string',
    required: false,
    unique: true,
    shortDescription: 'configuration file path',
    longDescription: 'Full path of the nginx configuration file. Default: the one that nginx was built with.',
  },
  {
    name: 'httpd',
    type: 'string',
    default: '/usr/sbin/httpd',
    shortDescription: 'nginx program path',
    longDescription:
      'Full path of the nginx program. If it is none, /usr/sbin/nginx and /usr/local/sbin/nginx are tried.',
  },
  {
    name: 'port',
    type: 'integer',
    shortDescription: 'port',
    longDescription: 'Port of the status page. Default: the first one in the configuration file, else 80.',
  },
  {
    name: 'status10url',
    type: 'string',
    shortDescription: 'status page URL',
    longDescription:
      'Complete URL that a monitor of level 10 gets, for example http://127.0.0.1/nginx_status. It should answer this host only. Default: derived from the configuration file.',
  },
  {
    name: 'status10regex',
    type: 'string',
    default: defaultStatusRegex,
    shortDescription: 'regular expression for the status page',
    longDescription: 'Extended regular expression, in any case, that the answer of status10url must contain.',
  },
  {
    name: 'testclient',
    type: 'string',
    shortDescription: 'http client',
    longDescription:
      'Program for the monitors of levels 10 and 20: curl or wget. Default: built in, no program is started.',
  },
  {
    name: 'test20url',
    type: 'string',
    shortDescription: 'level 20 URL',
    longDescription:
      'URL for a monitor of level 20. If it does not start with "http" it is taken below the server address.',
  },
  {
    name: 'test20regex',
    type: 'string',
    shortDescription: 'level 20 regular expression',
    longDescription: 'Extended regular expression, in any case, that the answer of test20url must contain.',
  },
  {
    name: 'test20conffile',
    type: 'string',
    shortDescription: 'level 20 test file',
    longDescription: 'File with test definitions for level 20: url, match, user, password, client, client_opts.',
  },
  {
    name: 'test20name',
    type: 'string',
    shortDescription: 'level 20 test name',
    longDescription: 'Name of the test in test20conffile. Default: the first one.',
  },
  {
    name: 'external_monitor30_cmd',
    type: 'string',
    shortDescription: 'level 30 command',
    longDescription: 'Command that a monitor of level 30 runs; it is healthy when the command exits with 0.',
  },
  {
    name: 'options',
    type: 'string',
    shortDescription: 'nginx options',
    longDescription: 'Further words for the nginx command line.',
  },
];
