import { keptInTab } from './storage'

/**
 * A UUID (version 4). `crypto.randomUUID` exists only with https and on localhost; a shop that is tried in the local network
 * has neither.
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

/** A request as text, its key, and the time of the last request, in milliseconds of the epoch. */
type Kept = readonly [content: string, key: string, at?: number]

/**
 * Idempotency keys: the same request has the same key until its outcome is known. The keys last as long as the tab, so that
 * a request that is repeated after a lost answer and a reload still has its key. */
export class IdempotencyKeys<Request> {
  constructor(
    /** The name under which they are stored in the tab. */
    private readonly name: string,
    /** How long after the last request an equal request counts as the same one, in milliseconds. */
    private readonly patience = Infinity,
  ) {}

  /** The key of a request, and whether it is a new key. */
  of(request: Request, now = Date.now()): { key: string; isNew: boolean } {
    const content = JSON.stringify(request)
    const kept = this.read(now)
    const before = kept.find(([known]) => known === content)?.[1]
    const key = before ?? uuid()
    // The latest requests are at the end.
    this.write([...kept.filter(([known]) => known !== content), [content, key, now] as const].slice(-MOST_KEYS))
    return { key, isNew: before === undefined }
  }

  /** Forgets a request whose outcome is known. */
  forget(request: Request): void {
    const content = JSON.stringify(request)
    this.write(this.read().filter(([known]) => known !== content))
  }

  /** Forgets the requests with these keys, whose outcome is known, and returns them. */
  settle(keys: ReadonlySet<string>): Request[] {
    const kept = this.read()
    const settled = kept.filter(([, key]) => keys.has(key))
    if (settled.length > 0) this.write(kept.filter(([, key]) => !keys.has(key)))
    return settled.map(requestOf<Request>)
  }

  /** The requests with unknown outcome, the latest at the end. */
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
