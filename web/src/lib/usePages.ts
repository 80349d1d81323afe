import { nextTick } from 'vue'

import { useAction } from './useAction'
import { useLoad } from './useLoad'

/** A part of a list, and where the next one begins; null at the end. */
export interface Page<Item, Key> {
  items: Item[]
  next: Key | null
}

/**
 * A list that is loaded page by page: the first with `begin`, those after it with `goOn`. Loaded anew, as many items are there
 * as before, of which `begin` is told the number. `isThere` is called when the page that was asked for is shown, with the
 * number of items before it.
 */
export function usePages<Item, Key>(
  begin: (shown: number) => Promise<Page<Item, Key>>,
  goOn: (next: Key) => Promise<Page<Item, Key>>,
  isThere: (before: number) => void = () => undefined,
) {
  const list = useLoad((shown: Page<Item, Key> | undefined) => begin(shown?.items.length ?? 0))
  const more = useAction(async () => {
    const shown = list.value.value
    if (!shown || shown.next === null) return
    const page = await goOn(shown.next)
    // Another list may have been asked for meanwhile.
    if (list.value.value !== shown) return
    list.value.value = { items: [...shown.items, ...page.items], next: page.next }
    await nextTick()
    isThere(shown.items.length)
  })
  return { ...list, more }
}
