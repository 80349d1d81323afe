import { nextTick } from 'vue'

import { useAction } from './useAction'
import { useLoad } from './useLoad'

/** A part of a list, and the key of the next part; null at the end. */
export interface Page<Item, Key> {
  items: Item[]
  next: Key | null
}

/**
 * A list that is loaded page by page: the first page with `begin`, further ones with `goOn`. A reload loads as many items
 * as are shown; `begin` gets their number. `isThere` is called when a further page is shown, with the number of items
 * before it. */
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
    // Another list may have been loaded in the meantime.
    if (list.value.value !== shown) return
    list.value.value = { items: [...shown.items, ...page.items], next: page.next }
    await nextTick()
    isThere(shown.items.length)
  })
  return { ...list, more }
}
