/**
 * A browser storage that may be disabled or full. A value that cannot be stored lasts as long as the page, and nothing else
 * fails.
 */
export class Storage {
  private readonly instead = new Map<string, string>()

  constructor(private readonly storage: () => globalThis.Storage) {}

  get(key: string): string | undefined {
    const instead = this.instead.get(key)
    if (instead !== undefined) return instead
    try {
      return this.storage().getItem(key) ?? undefined
    } catch {
      return undefined
    }
  }

  set(key: string, value: string): void {
    try {
      this.storage().setItem(key, value)
      this.instead.delete(key)
    } catch {
      this.instead.set(key, value)
    }
  }

  remove(key: string): void {
    this.instead.delete(key)
    try {
      this.storage().removeItem(key)
    } catch {
      // Nothing was stored there.
    }
  }
}

/** Stored until the user signs out. */
export const kept = new Storage(() => localStorage)
/** Stored as long as the tab exists. */
export const keptInTab = new Storage(() => sessionStorage)
