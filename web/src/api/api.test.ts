import { afterEach, describe, expect, it, vi } from 'vitest'

import { ApiError, NONSENSE, OFFLINE, PERHAPS_IN_CART, PERHAPS_SAVED, TIMED_OUT } from '@/lib/errors'

import { addAddress } from './addresses'
import { addToCart } from './carts'
import { attributesOf } from './goods'
import { call } from './http'
import { preview } from './orders'
import { signIn, signOut } from '@/lib/session'

const answers = (body: string) => vi.stubGlobal('fetch', vi.fn(() => Promise.resolve(new Response(body))))

afterEach(() => {
  vi.unstubAllGlobals()
  signOut()
})

describe('answers', () => {
  it.each([
    ['{"code":50103,"errmsg":"商品[4]库存不足","error":{"error_msg":"商品[4]库存不足"}}', 50103, '商品[4]库存不足'],
    ['{"code":106,"error":"username or password is wrong"}', 106, 'username or password is wrong'],
    ['非法访问', NONSENSE, ''],
    ['', NONSENSE, ''],
    ['[]', NONSENSE, ''],
    ['{"code":"200"}', NONSENSE, ''],
  ])('%s is an error', async (body, code, said) => {
    answers(body)
    await expect(call('/v1/orders/')).rejects.toMatchObject({ code, said })
  })

  it('that never come are errors of ours', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(call('/')).rejects.toEqual(new ApiError(OFFLINE))
    vi.stubGlobal('fetch', () => Promise.reject(new DOMException('late', 'TimeoutError')))
    await expect(call('/')).rejects.toEqual(new ApiError(TIMED_OUT))
  })

  it.each([
    [PERHAPS_IN_CART, 30103, () => addToCart(4, 1)],
    [PERHAPS_SAVED, 10124, () => addAddress({ receiver: '', mobile: '', address: '', tag: '', postcode: '' })],
  ])('that are lost invite nobody to do again what is there twice then (%i)', async (perhaps, refused, add) => {
    signIn('demo', 'token')
    answers('cut o')
    await expect(add()).rejects.toEqual(new ApiError(perhaps))
    answers(JSON.stringify({ code: refused }))
    await expect(add()).rejects.toMatchObject({ code: refused })
  })

  it('to a preview without an address are complete all the same', async () => {
    signIn('demo', 'token')
    answers(
      JSON.stringify({
        code: 50100,
        base_url: '/media/',
        data: {
          addresses: [],
          sku_list: [
            {
              id: 4,
              default_image_url: 'a.svg',
              name: '红袖添香',
              price: '209.00',
              count: 2,
              total_amount: '418.00',
              sku_sale_attr_names: ['颜色'],
              sku_sale_attr_vals: ['红色'],
            },
          ],
          total_count: 2,
          total_amount: '418.00',
          transit: 10,
          payment_amount: '428.00',
        },
      }),
    )
    const read = await preview({ kind: 'cart' })
    expect(read).toMatchObject({ destinations: [], goods: 41800, freight: 1000, payment: 42800, unavailable: [] })
    expect(read.lines[0]).toMatchObject({ image: '/media/a.svg', attributes: [{ name: '颜色', value: '红色' }] })
  })
})

describe('choices of a product', () => {
  it('are one for each name, though the shop keeps values SKU by SKU', () => {
    const [colour, size] = attributesOf({
      image: '',
      spu: 1,
      name: '',
      caption: '',
      price: '1.00',
      catalog_id: 1,
      catalog_name: '',
      detail_image: '',
      sku_sale_attr_id: [7, 8],
      sku_sale_attr_names: ['颜色', '尺寸'],
      sku_sale_attr_val_id: [72, 82],
      sku_sale_attr_val_names: ['粉色', 'M'],
      sku_all_sale_attr_vals_id: { 7: [70, 71, 72, 73], 8: [80, 81, 82, 83] },
      sku_all_sale_attr_vals_name: { 7: ['红色', '红色', '粉色', '粉色'], 8: ['M', 'L', 'M', 'L'] },
      spec: {},
    })
    expect(colour).toEqual({
      id: 7,
      name: '颜色',
      values: [
        { id: 70, name: '红色', isChosen: false },
        { id: 72, name: '粉色', isChosen: true },
      ],
    })
    expect(size?.values.map((value) => [value.id, value.name])).toEqual([
      [82, 'M'],
      [81, 'L'],
    ])
  })
})
