import { keptInTab } from './storage'

const NOTICE = 'dashop_notice'

/** Leaves a message for the next page. */
export function leaveNotice(text: string): void {
  keptInTab.set(NOTICE, text)
}

/** Takes the message that the previous page left; it is returned once. */
export function takeNotice(): string | undefined {
  const text = keptInTab.get(NOTICE)
  if (text !== undefined) keptInTab.remove(NOTICE)
  return text
}
