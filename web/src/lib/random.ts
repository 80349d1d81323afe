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

/**
 * The key under which one confirmation's order is created. The same request, sent again because its answer was lost or
 * somebody clicked twice, has the same key; another address makes another request and has another.
 */
export class IdempotencyKeys {
  private readonly keys = new Map<string, string>()

  of(request: unknown): string {
    const content = JSON.stringify(request)
    const key = this.keys.get(content) ?? uuid()
    this.keys.set(content, key)
    return key
  }

  /** What became of the request is known, and it may be made anew. */
  forget(request: unknown): void {
    this.keys.delete(JSON.stringify(request))
  }
}
