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

/**
 * Keys under which something is done once, however often it is asked for: the same request has the same key until its
 * outcome is known. They last as long as the tab, so that what is asked for again after a lost answer and a reload is the
 * same, too.
 */
export class IdempotencyKeys<Request> {
  constructor(
    /** Under which they are kept in the tab. */
    private readonly name: string,
  ) {}

  of(request: Request): string {
    const content = JSON.stringify(request)
    const keys = this.read()
    const key = keys.get(content) ?? uuid()
    // The latest ones are at the end.
    keys.delete(content)
    this.write([...keys, [content, key] as const].slice(-MOST_KEYS))
    return key
  }

  /** The outcome of the request is known. */
  forget(request: Request): void {
    const content = JSON.stringify(request)
    this.write([...this.read()].filter(([known]) => known !== content))
  }

  /** The requests whose outcome is not known, the latest at the end. */
  pending(): Request[] {
    return [...this.read().keys()].map((content) => JSON.parse(content) as Request)
  }

  private read(): Map<string, string> {
    try {
      const found: unknown = JSON.parse(keptInTab.get(this.name) ?? '[]')
      return new Map(Array.isArray(found) ? (found as [string, string][]) : [])
    } catch {
      return new Map()
    }
  }

  private write(keys: readonly (readonly [string, string])[]): void {
    keptInTab.set(this.name, JSON.stringify(keys))
  }
}
