export { SimDisk } from './disk.ts';
export { CALM, type NetworkFaults, SimNetwork } from './network.ts';
export { SimProcess } from './process.ts';
export { SimRandom } from './random.ts';
export { type Scheduled, SimWorld } from './world.ts';
