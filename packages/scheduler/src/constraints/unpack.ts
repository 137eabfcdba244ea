import { attr, childElements, descend } from '@sanode/xml';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { unpackColocation } from './colocations.ts';
import { unpackLocation } from './locations.ts';
import { unpackOrder } from './orders.ts';
import { unpackTicket } from './tickets.ts';

/** Reads all constraints in document order (scheduler-1 1 step 4). */
export function unpackConstraints(set: WorkingSet): void {
  const section = descend(set.cib, 'configuration', 'constraints');
  for (const xml of section === undefined ? [] : childElements(section)) {
    if (attr(xml, 'id') === undefined) {
      configError(set, `Ignoring <${xml.name}> without id`);
      continue;
    }
    switch (xml.name) {
      case 'rsc_order':
        unpackOrder(set, xml);
        break;
      case 'rsc_colocation':
        unpackColocation(set, xml);
        break;
      case 'rsc_location':
        unpackLocation(set, xml);
        break;
      case 'rsc_ticket':
        unpackTicket(set, xml);
        break;
      default:
        configError(set, `Ignoring unknown constraint <${xml.name}>`);
    }
  }
}
