import { expect, it } from 'vitest';
import { linearizable } from '../support/model/linear.js';

it('an order is found where there is one, and only there', () => {
  const first = { operation: 'mkdir x0 0755', answer: 'ok', from: 0, to: 3 };
  const second = { operation: 'mkdir x0 0755', answer: 'EEXIST', from: 1, to: 2 };
  expect(linearizable([[first], [second]])).toBe(true);
  expect(linearizable([[first], [{ ...second, answer: 'ok' }]])).toBe(false);
  // Answered before the other was made: it can't have seen it.
  expect(linearizable([[{ ...first, from: 4, to: 5 }], [second]])).toBe(false);
});
