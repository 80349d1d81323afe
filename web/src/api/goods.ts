import { toFen, type Fen } from '@/lib/money'

import { call, type Answer } from './http'

export interface Goods {
  sku: number
  name: string
  caption: string
  price: Fen
  image: string
}

export interface Catalog {
  id: number
  name: string
  goods: Goods[]
}

/** An attribute of a product that can be chosen, such as `颜色`, with its values. */
export interface Attribute {
  id: number
  name: string
  values: { id: number; name: string; isChosen: boolean }[]
}

export interface Product extends Goods {
  spu: number
  catalog: { id: number; name: string }
  detailImage: string
  attributes: Attribute[]
  spec: [string, string][]
  /** Pieces in stock, if the service tells. */
  stock: number | undefined
  isLaunched: boolean
}

interface WireGoods {
  skuid: number
  name: string
  caption?: string
  price: string | number
  image: string
}

interface WireProduct {
  image: string
  spu: number
  name: string
  caption: string
  price: string | number
  catalog_id: number
  catalog_name: string
  detail_image: string
  sku_sale_attr_id: number[]
  sku_sale_attr_names: string[]
  sku_sale_attr_val_id: number[]
  sku_sale_attr_val_names: string[]
  sku_all_sale_attr_vals_id: Record<string, number[]>
  sku_all_sale_attr_vals_name: Record<string, string[]>
  spec: Record<string, unknown>
  stock?: number
  is_launched?: boolean
}

/** The URL of a picture. The service returns names relative to a prefix. */
export function picture(base: string | undefined, name: string): string {
  return name ? `${base ?? ''}${name}` : ''
}

const goodsOf = (base: string | undefined) => (wire: WireGoods): Goods => ({
  sku: Number(wire.skuid),
  name: wire.name,
  caption: wire.caption ?? '',
  price: toFen(wire.price),
  image: picture(base, wire.image),
})

/** The front page: every catalog with its first goods, and the shop's promises. */
export async function frontPage(): Promise<{ catalogs: Catalog[]; promises: string[] }> {
  const answer = (await call('/v1/goods/index')) as Answer<{ catalog_id: number; catalog_name: string; sku: WireGoods[] }[]> & {
    promises?: string[]
  }
  const catalogs = answer.data.map((catalog) => ({
    id: Number(catalog.catalog_id),
    name: catalog.catalog_name,
    goods: catalog.sku.map(goodsOf(answer.base_url)),
  }))
  return { catalogs, promises: answer.promises ?? [] }
}

/** One page of a catalog's goods. */
export async function catalogPage(
  catalog: number,
  page: number,
): Promise<{ goods: Goods[]; pageSize: number; total: number }> {
  const path = `/v1/goods/catalogs/${String(catalog)}?launched=true&page=${String(page)}`
  const answer = (await call<WireGoods[]>(path)) as Answer<WireGoods[]> & {
    paginator: { pagesize: number; total: number }
  }
  const { pagesize, total } = answer.paginator
  return { goods: answer.data.map(goodsOf(answer.base_url)), pageSize: pagesize, total }
}

/** One product, seen from one of its SKUs. */
export async function product(sku: number): Promise<Product> {
  const { data, base_url: base } = await call<WireProduct>(`/v1/goods/detail/${String(sku)}`)
  return {
    sku,
    spu: data.spu,
    name: data.name,
    caption: data.caption,
    price: toFen(data.price),
    image: picture(base, data.image),
    catalog: { id: data.catalog_id, name: data.catalog_name },
    detailImage: picture(base, data.detail_image),
    attributes: attributesOf(data),
    spec: Object.entries(data.spec).map(([name, value]) => [name, String(value)]),
    stock: data.stock,
    isLaunched: data.is_launched ?? true,
  }
}

/** Merges values of the same name into one choice, because the shop may store one value for each SKU. */
export function attributesOf(data: WireProduct): Attribute[] {
  return data.sku_sale_attr_id.map((id, index) => {
    const ids = data.sku_all_sale_attr_vals_id[String(id)] ?? []
    const names = data.sku_all_sale_attr_vals_name[String(id)] ?? []
    const values = new Map(names.map((name, place) => [name, ids[place]] as const).reverse())
    const chosen = data.sku_sale_attr_val_names[index]
    const chosenId = data.sku_sale_attr_val_id[index]
    return {
      id,
      name: data.sku_sale_attr_names[index] ?? '',
      values: [...new Set(names)].flatMap((name) => {
        const isChosen = name === chosen
        const value = isChosen ? chosenId : values.get(name)
        return value === undefined ? [] : [{ id: value, name, isChosen }]
      }),
    }
  })
}

/** The SKU of a product that has these values. */
export async function chooseSku(spu: number, values: ReadonlyMap<number, number>): Promise<number> {
  const chosen = Object.fromEntries([...values].map(([attribute, value]) => [String(attribute), value]))
  const { data } = await call<number>('/v1/goods/sku', { method: 'POST', body: { spuid: spu, ...chosen } })
  return Number(data)
}
