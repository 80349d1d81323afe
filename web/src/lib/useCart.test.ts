import { beforeEach, expect, it, vi } from 'vitest'

import * as carts from '@/api/carts'

import { user } from './session'
import { useCart } from './useCart'

vi.mock('@/api/carts')
const line = { sku: 4, name: '', image: '', price: 100, attributes: [], count: 5, isSelected: true, stock: 9 }

beforeEach(async () => {
  vi.spyOn(user, 'value', 'get').mockReturnValue('dada')
  vi.mocked(carts.getCart).mockResolvedValueOnce([line])
  await useCart().load()
})

it('what could not be changed is shown as the service answered last', async () => {
  const cart = useCart()
  vi.mocked(carts.setCount).mockRejectedValueOnce(new Error('lost'))
  cart.typed(4, 6)
  expect(cart.figures.value.pieces).toBe(6)
  await expect(cart.setCount(4, 6)).rejects.toThrow('lost')
  expect(cart.figures.value.pieces).toBe(5)

  vi.mocked(carts.select).mockRejectedValueOnce(new Error('lost'))
  const ticking = cart.select(4, false)
  expect(cart.lines.value[0]?.isSelected).toBe(false)
  await expect(ticking).rejects.toThrow('lost')
  expect(cart.lines.value[0]?.isSelected).toBe(true)
})
