import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkWindow, windowAt } from '../../shared/storage/link-window.ts';

const at = (time: string) => new Date(`2026-01-02T${time}Z`);
const WINDOW = 30 * 60;

describe('a window', () => {
  it.each([
    ['03:00:00.000', '03:00:00', '03:30:00'],
    ['03:29:59.999', '03:00:00', '03:30:00'],
    ['03:30:00.000', '03:30:00', '04:00:00'],
    ['23:45:00.000', '23:30:00', '24:00:00'],
  ])('at %s is from %s to %s', (now, startsAt, endsAt) => {
    expect(windowAt(at(now))).toEqual({ startsAt: at(startsAt), endsAt: at(endsAt) });
  });
});

describe('an address', () => {
  it.each([
    ['without a wish', undefined, '04:00:00'],
    ['for a second', 1, '04:00:00'],
    ['for half an hour', WINDOW, '04:00:00'],
    ['for a second more', WINDOW + 1, '04:30:00'],
    ['for 90 minutes', 3 * WINDOW, '05:00:00'],
  ])('%s ends at the turn of a window', (_what, lifetimeSeconds, expiresAt) => {
    expect(linkWindow(at('03:10:00'), lifetimeSeconds)).toEqual({ signedAt: at('03:00:00'), expiresAt: at(expiresAt) });
  });

  const anyTime = fc.date({ min: at('00:00:00'), max: new Date('2036-01-01'), noInvalidDate: true });
  const anyLife = fc.integer({ min: 1, max: 7 * 24 * 3600 });

  it('lives at least as long as was asked for, and less than two windows longer', () => {
    fc.assert(
      fc.property(anyTime, anyLife, (now, lifetimeSeconds) => {
        const { signedAt, expiresAt } = linkWindow(now, lifetimeSeconds);
        const seconds = (expiresAt.getTime() - now.getTime()) / 1000;
        expect(signedAt.getTime()).toBeLessThanOrEqual(now.getTime());
        expect(seconds).toBeGreaterThanOrEqual(lifetimeSeconds);
        expect(seconds).toBeLessThan(lifetimeSeconds + 2 * WINDOW);
      }),
    );
  });

  it('is the same through the whole window', () => {
    fc.assert(
      fc.property(anyTime, fc.nat(WINDOW * 1000 - 1), anyLife, (now, milliseconds, lifetimeSeconds) => {
        const { startsAt } = windowAt(now);
        const other = new Date(startsAt.getTime() + milliseconds);
        expect(linkWindow(other, lifetimeSeconds)).toEqual(linkWindow(now, lifetimeSeconds));
      }),
    );
  });
});
