/**
 * A browser's storage that may be switched off or full: what cannot be kept lasts as long as the page, and nothing else
 * breaks.
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
      // Nothing was kept there.
    }
  }
}

/** Kept until somebody signs out. */
export const kept = new Storage(() => localStorage)
/** Kept as long as the tab. */
export const keptInTab = new Storage(() => sessionStorage)
