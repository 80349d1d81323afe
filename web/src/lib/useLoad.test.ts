import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { onStaffChange } from '@/api/staff'

import { useLoad } from './useLoad'

let browser: EventTarget
beforeEach(() => {
  browser = new EventTarget()
  vi.stubGlobal('addEventListener', browser.addEventListener.bind(browser))
  vi.stubGlobal('removeEventListener', browser.removeEventListener.bind(browser))
})
afterEach(() => {
  vi.unstubAllGlobals()
})

/** The browser shows the page: restored from its cache, or just loaded. */
const show = (persisted: boolean) => browser.dispatchEvent(Object.assign(new Event('pageshow'), { persisted }))

it('what a page shows is read anew on the way back to it, and no more once it is left', async () => {
  const load = vi.fn<(shown: number | undefined) => Promise<number>>()
  load.mockResolvedValueOnce(1).mockResolvedValueOnce(2)
  const scope = effectScope()
  const loaded = scope.run(() => useLoad(load))
  show(false)
  await vi.waitFor(() => {
    expect(loaded?.value.value).toBe(1)
  })
  show(true)
  await vi.waitFor(() => {
    expect(loaded?.value.value).toBe(2)
  })
  scope.stop()
  show(true)
  expect(load.mock.calls).toEqual([[undefined], [1]])
})

it('staff who signed out meanwhile are told on the way back', () => {
  const changed = vi.fn()
  onStaffChange(changed)
  show(false)
  expect(changed).not.toHaveBeenCalled()
  show(true)
  expect(changed).toHaveBeenCalledOnce()
})

it('what an action has brought is not what was there before', async () => {
  const load = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1).mockRejectedValueOnce(new Error('lost'))
  const scope = effectScope()
  const loaded = scope.run(() => useLoad(load))
  await vi.waitFor(() => {
    expect(loaded?.value.value).toBe(1)
  })
  await loaded?.reload()
  expect(loaded?.error.value).toBeInstanceOf(Error)
  if (loaded) loaded.value.value = 2
  expect(loaded?.error.value).toBeUndefined()
  scope.stop()
})
