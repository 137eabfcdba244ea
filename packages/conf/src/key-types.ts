import type { IntegerType } from './values.ts';

const list = (prefix: string, names: string): string[] => names.split(' ').map((name) => `${prefix}.${name}`);

const u32 = [
  ...list(
    'totem',
    'version nodeid threads token token_coefficient token_retransmit token_warning hold ' +
      'token_retransmits_before_loss_const join send_join consensus merge downcheck fail_recv_const ' +
      'seqno_unchanged_const heartbeat_failures_allowed max_network_delay window_size max_messages miss_count_const ' +
      'knet_pmtud_interval knet_mtu knet_compression_threshold netmtu rrp_token_expired_timeout ' +
      'rrp_problem_count_timeout rrp_problem_count_threshold rrp_problem_count_mcast_threshold ' +
      'rrp_autorecovery_check_timeout',
  ),
  ...list('quorum', 'expected_votes votes last_man_standing_window leaving_timeout'),
  ...list('quorum.device', 'timeout sync_timeout votes'),
  'resources.watchdog_timeout',
];
const u8 = [
  ...list('quorum', 'two_node expected_votes_tracking allow_downscale wait_for_all auto_tie_breaker last_man_standing'),
  'quorum.device.master_wins',
];

/** Integer keys outside of special sections (corosync-services.md 9.3). Everything else is text. */
export const integerKeys: ReadonlyMap<string, IntegerType> = new Map<string, IntegerType>([
  ...u32.map((key): [string, IntegerType] => [key, 'u32']),
  ...u8.map((key): [string, IntegerType] => [key, 'u8']),
  ['totem.knet_compression_level', 'i32'],
  ['totem.config_version', 'u64'],
  ['resources.system.poll_period', 'u64'],
  ['resources.system.memory_used.poll_period', 'u64'],
  ['resources.process.poll_period', 'u64'],
  ['resources.process.memory_used.poll_period', 'u64'],
]);

/** Keys of `totem { interface { } }` (9.2). */
export const interfaceKeys: ReadonlyMap<string, IntegerType | 'str'> = new Map<string, IntegerType | 'str'>([
  ['bindnetaddr', 'str'],
  ['mcastaddr', 'str'],
  ['broadcast', 'str'],
  ['knet_transport', 'str'],
  ['mcastport', 'u16'],
  ['ttl', 'u8'],
  ['knet_link_priority', 'u8'],
  ['knet_ping_interval', 'u32'],
  ['knet_ping_timeout', 'u32'],
  ['knet_ping_precision', 'u32'],
  ['knet_pong_count', 'u32'],
]);

interface Enumeration {
  readonly values: readonly string[];
  readonly error: string;
}

/** Keys that take only certain words (9.3). */
export const enumerations: ReadonlyMap<string, Enumeration> = new Map<string, Enumeration>([
  ['totem.ip_version', { values: ['ipv4', 'ipv6', 'ipv6-4', 'ipv4-6'], error: 'Invalid ip_version type' }],
  ['totem.crypto_model', { values: ['nss', 'openssl'], error: 'Invalid crypto model. Should be nss or openssl' }],
  [
    'totem.crypto_cipher',
    {
      values: ['none', 'aes256', 'aes192', 'aes128'],
      error: 'Invalid cipher type. Should be none, aes256, aes192 or aes128',
    },
  ],
  [
    'totem.crypto_hash',
    {
      values: ['none', 'md5', 'sha1', 'sha256', 'sha384', 'sha512'],
      error: 'Invalid hash type. Should be none, md5, sha1, sha256, sha384 or sha512',
    },
  ],
  [
    'totem.knet_compression_model',
    {
      values: ['zlib', 'lz4', 'lz4hc', 'lzo2', 'lzma', 'bzip2', 'zstd'],
      error: 'Invalid compression model. Should be zlib, lz4, lz4hc, lzo2, lzma, bzip2 or zstd',
    },
  ],
  ['system.qb_ipc_type', { values: ['native', 'shm', 'socket'], error: 'Invalid system.qb_ipc_type' }],
  ['system.sched_rr', { values: ['yes', 'no'], error: 'Invalid system.sched_rr value' }],
  ['system.move_to_root_cgroup', { values: ['yes', 'no', 'auto'], error: 'Invalid system.move_to_root_cgroup' }],
  ['system.allow_knet_handle_fallback', { values: ['yes', 'no'], error: 'Invalid system.allow_knet_handle_fallback' }],
]);
