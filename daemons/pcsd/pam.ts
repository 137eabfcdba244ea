import { existsSync } from 'node:fs';
import koffi from 'koffi';

const PAM_SUCCESS = 0;
const PAM_CONV_ERR = 19;
const PAM_PROMPT_ECHO_OFF = 1;
const PAM_PROMPT_ECHO_ON = 2;
/** No tty: what would ask for one is refused. */
const PAM_SILENT = 0x8000;
/** Most messages of one conversation that are answered. */
const maxMessages = 32;

/** PAM services in order of preference: our own, then what distributions call the one that only checks passwords. */
const services = ['pcsd', 'password-auth', 'common-auth', 'login'];

/** The PAM service that is configured on this machine. */
export function pamService(configured: (name: string) => boolean = (name) => existsSync(`/etc/pam.d/${name}`)): string {
  return services.find(configured) ?? 'pcsd';
}

/**
 * Asks PAM whether a user's password is right and the account may be used. Blocks (a wrong password takes seconds), so
 * it runs in a process of its own: {@link checkPassword}.
 */
export function pamAuthenticate(service: string, username: string, password: string): boolean {
  const pam = koffi.load('libpam.so.0');
  const libc = koffi.load('libc.so.6');
  const calloc = libc.func('void *calloc(size_t count, size_t size)');
  const strdup = libc.func('void *strdup(str text)');
  const Message = koffi.struct('pam_message', { msg_style: 'int', msg: 'str' });
  koffi.struct('pam_response', { resp: 'void *', resp_retcode: 'int' });
  const Conversation = koffi.proto('int pam_converse(int count, void *messages, void *answers, void *data)');
  const Conv = koffi.struct('pam_conv', { conv: koffi.pointer(Conversation), appdata_ptr: 'void *' });
  const start = pam.func('pam_start', 'int', ['str', 'str', koffi.pointer(Conv), koffi.out(koffi.pointer('void *'))]);
  const authenticate = pam.func('int pam_authenticate(void *handle, int flags)');
  const account = pam.func('int pam_acct_mgmt(void *handle, int flags)');
  const end = pam.func('int pam_end(void *handle, int status)');

  // PAM frees the array and each answer with free(), so both come from libc.
  const converse = (count: number, messages: unknown, answers: unknown): number => {
    if (count < 1 || count > maxMessages) return PAM_CONV_ERR;
    const array = calloc(count, 16) as unknown;
    const pointers = koffi.decode(messages, 'void *', count) as unknown[];
    for (let index = 0; index < count; index++) {
      const { msg_style: style } = koffi.decode(pointers[index], Message) as { msg_style: number };
      const answer = style === PAM_PROMPT_ECHO_OFF ? password : style === PAM_PROMPT_ECHO_ON ? username : undefined;
      if (answer !== undefined) koffi.encode(array, index * 16, 'void *', strdup(answer));
    }
    koffi.encode(answers, 'void *', array);
    return PAM_SUCCESS;
  };
  const callback = koffi.register(converse, koffi.pointer(Conversation));
  try {
    const handle: [unknown] = [null];
    if ((start(service, username, { conv: callback, appdata_ptr: null }, handle) as number) !== PAM_SUCCESS)
      return false;
    let status = authenticate(handle[0], PAM_SILENT) as number;
    if (status === PAM_SUCCESS) status = account(handle[0], PAM_SILENT) as number;
    end(handle[0], status);
    return status === PAM_SUCCESS;
  } finally {
    koffi.unregister(callback);
  }
}
