import { DfskitError } from '../errors.js';

/** A container by the labels of its pool and its own. */
export interface ContainerName {
  pool: string;
  cont: string;
}

// A label as DAOS has it: at most 127 of these, no UUID; and nothing that a path could be made of.
const LABEL = /^[A-Za-z0-9_:][A-Za-z0-9_.:-]{0,126}$/;

/** True for a label of a pool or a container. */
export function isLabel(word: string): boolean {
  return LABEL.test(word);
}

/**
 * Takes `POOL/CONT` apart.
 * @throws DfskitError BAD_NAME
 */
export function parseContainer(text: string): ContainerName {
  const parts = text.replace(/^daos:\/\//, '').split('/');
  const [pool, cont] = parts;
  if (parts.length === 2 && pool !== undefined && cont !== undefined && isLabel(pool) && isLabel(cont)) {
    return { pool, cont };
  }
  throw new DfskitError({
    code: 'BAD_NAME',
    what: `cannot use ${text === '' ? "''" : text} as the name of a container`,
    why: 'not of the form POOL/CONT',
    remedy: 'both are labels of up to 127 letters, digits, _ . : - that begin with a letter, a digit, _ or :',
    status: 2,
  });
}

/** A container by its name, `POOL/CONT` or in parts. */
export function containerOf(name: string | ContainerName): ContainerName {
  return typeof name === 'string' ? parseContainer(name) : name;
}

/** `POOL/CONT`. */
export function formatContainer({ pool, cont }: ContainerName): string {
  return `${pool}/${cont}`;
}

/**
 * Takes `POOL/CONT` or `POOL/CONT@SNAPSHOT` apart.
 * @throws DfskitError BAD_NAME
 */
export function parseSnapshot(text: string): { container: ContainerName; snapshot?: string } {
  const at = text.indexOf('@');
  if (at < 0) return { container: parseContainer(text) };
  const snapshot = text.slice(at + 1);
  if (snapshot !== '' && !snapshot.includes('/') && Buffer.byteLength(snapshot) <= 127) {
    return { container: parseContainer(text.slice(0, at)), snapshot };
  }
  throw new DfskitError({
    code: 'BAD_NAME',
    what: `cannot use ${snapshot === '' ? "''" : snapshot} as the name of a snapshot`,
    why: 'a name has from 1 to 127 bytes and no /',
    status: 2,
  });
}
