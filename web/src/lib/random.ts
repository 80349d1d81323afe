import { keptInTab } from './storage'

/**
 * A UUID (version 4). `crypto.randomUUID` is only there on https and on this machine itself; a shop that is tried in the
 * local network has neither.
 */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes.set([((bytes[6] ?? 0) & 0x0f) | 0x40], 6)
  bytes.set([((bytes[8] ?? 0) & 0x3f) | 0x80], 8)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The most requests that are remembered. */
const MOST_KEYS = 20

/** A request as text, its key, and when it was last asked for, in milliseconds of the epoch. */
type Kept = readonly [content: string, key: string, at?: number]

/**
 * Keys under which something is done once, however often it is asked for: the same request has the same key until its
 * outcome is known. They last as long as the tab, so that what is asked for again after a lost answer and a reload is the
 * same, too.
 */
export class IdempotencyKeys<Request> {
  constructor(
    /** Under which they are kept in the tab. */
    private readonly name: string,
    /** How long after it was last asked for the same request is still the same one, in milliseconds. */
    private readonly patience = Infinity,
  ) {}

  /** The key of a request, and whether nothing was asked for under it before. */
  of(request: Request, now = Date.now()): { key: string; isNew: boolean } {
    const content = JSON.stringify(request)
    const kept = this.read(now)
    const before = kept.find(([known]) => known === content)?.[1]
    const key = before ?? uuid()
    // The latest ones are at the end.
    this.write([...kept.filter(([known]) => known !== content), [content, key, now] as const].slice(-MOST_KEYS))
    return { key, isNew: before === undefined }
  }

  /** The outcome of the request is known. */
  forget(request: Request): void {
    const content = JSON.stringify(request)
    this.write(this.read().filter(([known]) => known !== content))
  }

  /** The outcome of what was asked for under these keys is known; gives back the requests that were pending. */
  settle(keys: ReadonlySet<string>): Request[] {
    const kept = this.read()
    const settled = kept.filter(([, key]) => keys.has(key))
    if (settled.length > 0) this.write(kept.filter(([, key]) => !keys.has(key)))
    return settled.map(requestOf<Request>)
  }

  /** The requests whose outcome is not known, the latest at the end. */
  pending(now = Date.now()): Request[] {
    return this.read(now).map(requestOf<Request>)
  }

  private read(now = Date.now()): Kept[] {
    let found: unknown
    try {
      found = JSON.parse(keptInTab.get(this.name) ?? '[]')
    } catch {
      return []
    }
    const kept = Array.isArray(found) ? found.filter(isKept) : []
    return kept.filter(([, , at = -Infinity]) => this.patience === Infinity || now - at < this.patience)
  }

  private write(kept: readonly Kept[]): void {
    keptInTab.set(this.name, JSON.stringify(kept))
  }
}

const requestOf = <Request>([content]: Kept): Request => JSON.parse(content) as Request

const isKept = (entry: unknown): entry is Kept =>
  Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string'
