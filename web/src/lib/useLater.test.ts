import type { VNode } from 'vue'
import { expect, it, vi } from 'vitest'

import { useLater } from './useLater'

const { close, error } = vi.hoisted(() => {
  const close = vi.fn()
  const error = vi.fn<(said: { message: () => VNode; duration: number }) => { close: () => void }>(() => ({ close }))
  return { close, error }
})
vi.mock('element-plus', () => ({ ElButton: {}, ElMessage: { error } }))
vi.mock('element-plus/es/components/button/style/css', () => ({}))
vi.mock('element-plus/es/components/message/style/css', () => ({}))

it('a part that does not come is tried again, and the page is reloaded by its reader alone', async () => {
  const reload = vi.fn()
  vi.stubGlobal('location', { reload })
  const part = { name: 'part' }
  const load = vi.fn<() => Promise<{ default: typeof part }>>().mockRejectedValueOnce(new TypeError('404')).mockResolvedValueOnce({ default: part })
  const { component, isThere } = useLater(load)
  expect(await isThere()).toBe(false)
  expect([component.value, error.mock.lastCall?.[0].duration]).toEqual([undefined, 0])
  expect(reload).not.toHaveBeenCalled()

  const [words, button] = error.mock.lastCall?.[0].message().children as [VNode, VNode]
  expect(words).toContain('刷新页面')
  const { onClick } = button.props as { onClick: () => void }
  onClick()
  expect(reload).toHaveBeenCalledOnce()

  expect(await isThere()).toBe(true)
  expect(component.value).toBe(part)
  expect(close, 'what was said no longer holds').toHaveBeenCalledOnce()
  expect(await isThere()).toBe(true)
  expect(load).toHaveBeenCalledTimes(2)
})
