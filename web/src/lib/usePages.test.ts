import { beforeEach, expect, it, vi } from 'vitest'

import { usePages, type Page } from './usePages'

// The module imports the styles of a message.
vi.mock('./useAction', () => ({ useAction: (work: () => Promise<void>) => ({ run: work }) }))

beforeEach(() => {
  vi.stubGlobal('addEventListener', vi.fn())
})

it('a list grows page by page, and what comes for another list is dropped', async () => {
  const isThere = vi.fn()
  let answer: (page: Page<number, number>) => void = () => undefined
  const goOn = vi.fn<(next: number) => Promise<Page<number, number>>>(() => new Promise((done) => (answer = done)))
  const begin = vi.fn(() => Promise.resolve({ items: [1, 2], next: 2 }))
  const list = usePages(begin, goOn, isThere)
  await vi.waitFor(() => {
    expect(list.value.value?.items).toEqual([1, 2])
  })
  let asked = list.more.run()
  answer({ items: [3], next: 3 })
  await asked
  expect([list.value.value, goOn.mock.calls, isThere.mock.calls]).toEqual([{ items: [1, 2, 3], next: 3 }, [[2]], [[2]]])

  asked = list.more.run()
  await list.reload()
  answer({ items: [4], next: null })
  await asked
  expect(list.value.value).toEqual({ items: [1, 2], next: 2 })
  expect(begin.mock.calls, 'how many are there').toEqual([[0], [3]])

  asked = list.more.run()
  answer({ items: [], next: null })
  await asked
  await list.more.run()
  expect(goOn).toHaveBeenCalledTimes(3)
})
