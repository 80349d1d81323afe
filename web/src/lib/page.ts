/** A whole number from 1 on from the query string, under any of these names. */
export function numberFrom(search: string, ...names: string[]): number | undefined {
  const query = new URLSearchParams(search)
  const given = names.map((name) => query.get(name)).find((value) => value !== null)
  return given !== undefined && given !== null && /^[1-9]\d{0,8}$/.test(given) ? Number(given) : undefined
}

/** The query string with this number under this name, or without it, and all else as it is. */
export function withNumber(search: string, name: string, number: number | undefined): string {
  const query = new URLSearchParams(search)
  if (number === undefined) query.delete(name)
  else query.set(name, String(number))
  return `?${query.toString()}`
}

/** The SKU that a link to a product means; the old shop's links are `product_details.html?6`. */
export function skuFrom(search: string): number | undefined {
  return numberFrom(search, 'sku_id', 'skuid', 'id') ?? numberFrom(search.replace(/^\?(\d+).*$/, '?id=$1'), 'id')
}

/** An order number from the query string. */
export function orderFrom(search: string): string | undefined {
  const query = new URLSearchParams(search)
  const given = query.get('order_id') ?? query.get('out_trade_no')
  return given !== null && isOrderNumber(given) ? given : undefined
}

/** Whether there can be an order of this number. */
export const isOrderNumber = (text: string): boolean => /^\d{16,32}$/.test(text)

/** What the query string names as an order, whether or not there can be one of that number. */
export function namedOrder(search: string): string | undefined {
  return new URLSearchParams(search).get('order_id') ?? undefined
}

/** An order's own page, which leads back to the list as it was. */
export function orderLink(number: string, tab = 0): string {
  return `myOrder.html?order_id=${number}${tab === 0 ? '' : `&order_status=${String(tab)}`}`
}

export const productLink = (sku: number): string => `product_details.html?sku_id=${String(sku)}`
