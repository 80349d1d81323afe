/** A whole number from 1 on from the query string, under one of these names. */
export function numberFrom(search: string, ...names: string[]): number | undefined {
  const query = new URLSearchParams(search)
  const given = names.map((name) => query.get(name)).find((value) => value !== null)
  return given !== undefined && given !== null && /^[1-9]\d{0,8}$/.test(given) ? Number(given) : undefined
}

/** The query string with this number under this name, or without it; other parameters are kept. */
export function withNumber(search: string, name: string, number: number | undefined): string {
  const query = new URLSearchParams(search)
  if (number === undefined) query.delete(name)
  else query.set(name, String(number))
  return `?${query.toString()}`
}

/** The SKU in a link to a product; links of the old shop look like `product_details.html?6`. */
export function skuFrom(search: string): number | undefined {
  return numberFrom(search, 'sku_id', 'skuid', 'id') ?? numberFrom(search.replace(/^\?(\d+).*$/, '?id=$1'), 'id')
}

/** An order number from the query string. */
export function orderFrom(search: string): string | undefined {
  const query = new URLSearchParams(search)
  const given = query.get('order_id') ?? query.get('out_trade_no')
  return given !== null && isOrderNumber(given) ? given : undefined
}

/** Whether an order can have this number. */
export const isOrderNumber = (text: string): boolean => /^\d{16,32}$/.test(text)

/** The order in the query string, whether or not an order can have that number. */
export function namedOrder(search: string): string | undefined {
  return new URLSearchParams(search).get('order_id') ?? undefined
}

/** The page of an order, which leads back to the list in its current state. */
export function orderLink(number: string, tab = 0): string {
  return `myOrder.html?order_id=${number}${tab === 0 ? '' : `&order_status=${String(tab)}`}`
}

export const productLink = (sku: number): string => `product_details.html?sku_id=${String(sku)}`
