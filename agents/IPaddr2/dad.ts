import { isSameAddress, isTentative, Rtnetlink } from './rtnetlink.ts';
import { type AddressEntry, addressFlag } from './rtnetlink-codec.ts';
import type { Target } from './settings.ts';

export type DadVerdict = 'ok' | 'failed' | 'tentative';

/** How long duplicate address detection may take; the kernel's own takes up to 2 s. */
const dadLimitMs = 10_000;

/** Waits for the kernel's verdict on a new IPv6 address: by its notification, not by polling (ocf-agents.md 2.7). */
export async function waitForDad(target: Target): Promise<DadVerdict> {
  const { address, link } = target;
  if (address === undefined || link === undefined) return 'failed';
  const network = await Rtnetlink.open('addresses');
  network.ref();
  const isOurs = (entry: AddressEntry): boolean => isSameAddress(entry, address.bytes, target.prefix, link.index);
  try {
    return await new Promise<DadVerdict>((resolve, reject) => {
      const look = (): void => {
        network.addresses().then((entries) => settle(entries.find(isOurs), true), reject);
      };
      const settle = (entry: AddressEntry | undefined, isWhole: boolean): void => {
        if (entry === undefined) {
          if (isWhole) resolve('failed');
        } else if ((entry.flags & addressFlag.dadFailed) !== 0) resolve('failed');
        else if (!isTentative(entry)) resolve('ok');
      };
      network.onAddress((gone, entry) => {
        if (!isOurs(entry)) return;
        if (gone) resolve('failed');
        else settle(entry, false);
      }, look);
      // Subscribed first, then looked: nothing falls between.
      look();
      setTimeout(() => resolve('tentative'), dadLimitMs).unref();
    });
  } finally {
    network.close();
  }
}
