import { keptInTab } from './storage'

const NOTICE = 'dashop_notice'

/** Something that the next page is to say. */
export function leaveNotice(text: string): void {
  keptInTab.set(NOTICE, text)
}

/** What the page before wanted to be said; told once. */
export function takeNotice(): string | undefined {
  const text = keptInTab.get(NOTICE)
  if (text !== undefined) keptInTab.remove(NOTICE)
  return text
}
