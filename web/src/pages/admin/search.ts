import type { Filter } from '@/api/admin'

const NAMES = ['number', 'user', 'status', 'from', 'to'] as const
const IS_VALID: Readonly<Record<(typeof NAMES)[number], RegExp>> = {
  number: /^\d{1,32}$/,
  user: /^.{1,11}$/u,
  status: /^[1-6]$/,
  from: /^\d{4}-\d\d-\d\d$/,
  to: /^\d{4}-\d\d-\d\d$/,
}

/** The order of this number, which may be that of a further attempt to pay it, as Alipay shows it: `<number>_2`. */
export const orderNumber = (typed: string): string => typed.trim().replace(/_\d+$/, '')

/** Whether it can be an order number, or the beginning of one. */
export const isDigits = (typed: string): boolean => /^\d*$/.test(typed)
export const DIGITS_ALONE = '订单编号只能填数字'

/** The filter in an address of the order list; invalid values are left out. */
export function filterFrom(search: string): Filter {
  const query = new URLSearchParams(search)
  const value = (name: (typeof NAMES)[number]) => {
    const given = query.get(name)?.trim() ?? ''
    return IS_VALID[name].test(given) ? given : ''
  }
  return { number: value('number'), user: value('user'), status: value('status'), from: value('from'), to: value('to') }
}

/** The address of the order list with this filter. */
export function listLink(filter: Filter): string {
  const given = NAMES.map((name) => [name, filter[name].trim()] as const).filter(([, value]) => value !== '')
  const query = new URLSearchParams(given.map(([name, value]) => [name, value])).toString()
  return query === '' ? 'admin.html' : `admin.html?${query}`
}

/** The order in an address, whether or not it exists. */
export function orderFrom(search: string): string | undefined {
  return new URLSearchParams(search).get('order') || undefined
}

/** The filter of the delivery log; empty for all. */
export interface LogFilter {
  endpoint: string
  number: string
}

/** The delivery log filter in an address of the webhooks page; invalid values are left out. */
export function logFilterFrom(search: string): LogFilter {
  const query = new URLSearchParams(search)
  const [endpoint, number] = [query.get('endpoint') ?? '', query.get('number') ?? '']
  return { endpoint: /^[a-z0-9_-]{1,32}$/.test(endpoint) ? endpoint : '', number: IS_VALID.number.test(number) ? number : '' }
}

/** The address of the webhooks page with this filter. */
export function webhooksLink({ endpoint, number }: LogFilter): string {
  const query = new URLSearchParams(Object.entries({ endpoint, number }).filter(([, value]) => value !== '')).toString()
  return query === '' ? WEBHOOKS : `${WEBHOOKS}&${query}`
}

/** Whether an address is that of the webhooks page. */
export const isWebhooks = (search: string): boolean => new URLSearchParams(search).has('webhooks')

export const WEBHOOKS = 'admin.html?webhooks'

export const orderLink = (number: string): string => `admin.html?order=${encodeURIComponent(number)}`
