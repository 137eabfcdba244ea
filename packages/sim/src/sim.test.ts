import { describe, expect, it } from 'vitest';
import { SimDisk, SimNetwork, SimProcess, SimRandom, SimWorld } from './index.ts';

describe('the world', () => {
  it('does things in order of time, then of their making', () => {
    const world = new SimWorld(1);
    const done: string[] = [];
    world.after(5, () => done.push('b'));
    world.after(5, () => done.push('c'));
    world.after(1, () => done.push('a'));
    world.after(2, () => done.push('never')).cancel();
    world.after(9, () => done.push('later'));
    world.run(6);
    expect(done).toEqual(['a', 'b', 'c']);
    expect(world.nowMs).toBe(6);
  });

  it('draws the same numbers from the same seed', () => {
    const draw = (seed: number): number[] => {
      const random = new SimRandom(seed);
      return Array.from({ length: 50 }, () => random.below(1000));
    };
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
});

describe('a process', () => {
  it('handles waiting input before late timers after a pause, and timers that are hardly late first', () => {
    const world = new SimWorld(1);
    const process = new SimProcess(world, 'n1');
    const done: string[] = [];
    process.setTimer(100, (lateMs) => done.push(`late ${lateMs}`));
    process.setTimer(495, () => done.push('on time'));
    world.after(50, () => process.pause(450));
    world.after(200, () => process.input(() => done.push('input')));
    world.run(1000);
    expect(done).toEqual(['on time', 'input', 'late 400']);
  });

  it('does nothing once it was killed', () => {
    const world = new SimWorld(1);
    const process = new SimProcess(world, 'n1');
    process.setTimer(10, () => {
      throw new Error('a dead process ran');
    });
    process.kill();
    process.input(() => {
      throw new Error('a dead process read');
    });
    world.run(100);
    expect(process.alive).toBe(false);
  });
});

describe('the network', () => {
  it('keeps each direction in order, and cuts one direction only', () => {
    const world = new SimWorld(1);
    const network = new SimNetwork(world);
    const got: number[] = [];
    network.attach(2, (_from, packet) => got.push(packet[0] as number));
    const back: number[] = [];
    network.attach(1, (_from, packet) => back.push(packet[0] as number));
    for (let n = 0; n < 50; n += 1) network.send(1, 2, Buffer.from([n]));
    network.cut(2, 1);
    network.send(2, 1, Buffer.from([1]));
    world.run(100);
    expect(got).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(back).toEqual([]);
    network.healAll();
    network.multicast(2, [1, 3], Buffer.from([2]));
    world.run(200);
    expect(back).toEqual([2]);
  });
});

describe('a disk', () => {
  it('keeps what was acknowledged', () => {
    const world = new SimWorld(1);
    const process = new SimProcess(world, 'n1');
    const disk = new SimDisk(world);
    let acknowledged = false;
    disk.write(process, 'key', Buffer.from('one'), () => {
      acknowledged = true;
    });
    expect(disk.read('key')).toBeUndefined();
    world.run(10);
    process.kill();
    expect(acknowledged).toBe(true);
    expect(Buffer.from(disk.read('key') ?? []).toString()).toBe('one');
  });

  it('keeps what was written behind when its process ends, and may lose it in a power cut', () => {
    const world = new SimWorld(1);
    const disk = new SimDisk(world);
    const text = (): string => Buffer.from(disk.read('key') ?? []).toString();
    disk.writeBehind('key', Buffer.from('one'));
    world.run(10);
    disk.writeBehind('key', Buffer.from('two'));
    expect(text()).toBe('two');
    disk.cutPower();
    expect(text()).toBe('one');
    world.run(20);
    expect(text()).toBe('one');
    disk.replace();
    expect(disk.read('key')).toBeUndefined();
  });
});
