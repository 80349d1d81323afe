import { toFen } from '@/lib/money'
import { MOST_PIECES, type CartLine } from '@/lib/cart'
import { orPerhaps, PERHAPS_IN_CART } from '@/lib/errors'

import { asBuyer } from './guard'
import { picture } from './goods'
import { call, type Answer } from './http'

interface WireLine {
  id: number
  name: string
  count: number | string
  selected: number | string | boolean
  default_image_url: string
  price: string | number
  sku_sale_attr_name: string[]
  sku_sale_attr_val: string[]
  stock?: number
  is_launched?: boolean
  unavailable?: string | null
}

function linesOf({ data, base_url: base }: Answer<WireLine[]>): CartLine[] {
  return data.map((line) => ({
    sku: Number(line.id),
    name: line.name,
    count: Number(line.count),
    isSelected: Number(line.selected) === 1,
    image: picture(base, line.default_image_url),
    price: toFen(line.price),
    stock: line.stock ?? MOST_PIECES,
    ...(line.unavailable ? { unavailable: line.unavailable } : {}),
    attributes: line.sku_sale_attr_name.map((name, index) => ({ name, value: line.sku_sale_attr_val[index] ?? '' })),
  }))
}

async function cart(method: 'GET' | 'POST' | 'PUT' | 'DELETE', body?: unknown): Promise<CartLine[]> {
  const path = (name: string) => `/v1/carts/${encodeURIComponent(name)}`
  return asBuyer(async (name) => linesOf(await call<WireLine[]>(path(name), { method, body })))
}

/** The buyer's current cart; never redirects to sign-in. */
export async function peekCart(name: string): Promise<CartLine[]> {
  return linesOf(await call<WireLine[]>(`/v1/carts/${encodeURIComponent(name)}`))
}

export const getCart = () => cart('GET')
export const addToCart = (sku: number, count: number) => cart('POST', { sku_id: sku, count }).catch(orPerhaps(PERHAPS_IN_CART))
export const setCount = (sku: number, count: number) => cart('PUT', { state: 'set', sku_id: sku, count })
export const select = (sku: number, isSelected: boolean) =>
  cart('PUT', { state: isSelected ? 'select' : 'unselect', sku_id: sku })
export const selectAll = (isSelected: boolean) => cart('PUT', { state: isSelected ? 'selectall' : 'unselectall' })
/** Removes all these lines in one request. */
export const removeFromCart = (skus: readonly number[]) => cart('DELETE', { sku_ids: skus })
