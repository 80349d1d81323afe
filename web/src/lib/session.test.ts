import { afterEach, describe, expect, it, vi } from 'vitest'

import { asBuyer } from '@/api/guard'

import { ApiError } from './errors'
import { followSession, nextPage, signIn, signInPage, signOut, token, user } from './session'
import { kept } from './storage'
import { numberFrom, orderFrom, skuFrom, withNumber } from './page'

const round = (pathname: string, search = '') => nextPage(signInPage({ pathname, search }).replace('login.html', ''))

describe('sign-in', () => {
  it('leads back to where it was asked for', () => {
    expect(round('/cart.html')).toBe('cart.html')
    expect(round('/orderConfirm.html', '?settlement_type=1&sku_id=4&buy_num=2')).toBe('orderConfirm.html?settlement_type=1&sku_id=4&buy_num=2')
    expect(round('/')).toBe('index.html')
  })

  it.each([
    'https://evil.example/x.html',
    '//evil.example/x.html',
    'javascript:alert(1)',
    '\\\\evil.example',
    '/\\evil.example/a.html',
    'data:text/html,x',
    'evil.example/cart.html',
    'login.html?next=login.html',
    'cart.html#x',
  ])('never leads to %s', (next) => {
    expect(nextPage(`?next=${encodeURIComponent(next)}`)).toBe('index.html')
  })
})

describe('links', () => {
  it.each([
    ['?sku_id=6', 6],
    ['?id=6', 6],
    ['?6', 6],
    ['?sku_id=x', undefined],
    ['?sku_id=-1', undefined],
    ['', undefined],
  ])('%o is SKU %o', (search, sku) => {
    expect(skuFrom(search)).toBe(sku)
  })

  it('carry order numbers as digits that no number would hold', () => {
    expect(orderFrom('?order_id=2026112404262601')).toBe('2026112404262601')
    expect(orderFrom('?out_trade_no=202611240426260123')).toBe('202611240426260123')
    expect(orderFrom('?order_id=<img>')).toBeUndefined()
  })

  it('keep the chosen address beside all else', () => {
    const chosen = withNumber('?settlement_type=1&sku_id=4&buy_num=2', 'address_id', 2)
    expect(chosen).toBe('?settlement_type=1&sku_id=4&buy_num=2&address_id=2')
    expect(numberFrom(withNumber(chosen, 'address_id', 3), 'address_id')).toBe(3)
    expect(withNumber(chosen, 'address_id', undefined)).toBe('?settlement_type=1&sku_id=4&buy_num=2')
  })
})

describe('a page whose buyer is no longer signed in', () => {
  const browser = { reload: vi.fn(), assign: vi.fn(), pathname: '/myOrder.html', search: '' }
  const listeners = new Map<string, (event: unknown) => void>()
  /** A sign-in or sign-out by another tab: the buyer in this page's memory stays. */
  const elsewhere = (name: string, its: string) => {
    kept.set('dashop_token', its)
    kept.set('dashop_user', name)
  }
  const start = () => {
    signIn('demo', 'old')
    vi.stubGlobal('location', browser)
    vi.stubGlobal('document', { body: {} })
    vi.stubGlobal('addEventListener', (name: string, listener: (event: unknown) => void) => listeners.set(name, listener))
  }
  afterEach(() => {
    signOut()
    vi.unstubAllGlobals()
    browser.reload.mockReset()
    browser.assign.mockReset()
  })

  it.each([['storage', {}], ['pageshow', { persisted: true }]])('is loaded anew at %s', (event, told) => {
    start()
    followSession()
    elsewhere('demo', 'new')
    listeners.get(event)?.(told)
    expect(browser.reload).not.toHaveBeenCalled()
    elsewhere('xiaoda', 'hers')
    listeners.get('pageshow')?.({ persisted: false })
    expect(browser.reload).not.toHaveBeenCalled()
    listeners.get(event)?.(told)
    expect(browser.reload).toHaveBeenCalledOnce()
  })

  it('does not sign out whoever has signed in meanwhile', async () => {
    for (const [name, its] of [['xiaoda', 'hers'], ['demo', 'new']] as const) {
      start()
      const late = asBuyer(() => {
        elsewhere(name, its)
        return Promise.reject(new ApiError(30104))
      })
      await expect(late).rejects.toMatchObject({ code: 30104 })
      expect([token(), browser.reload.mock.calls.length, browser.assign.mock.calls.length]).toEqual([its, 1, 0])
      browser.reload.mockReset()
    }
    start()
    await expect(asBuyer(() => Promise.reject(new ApiError(403)))).rejects.toMatchObject({ code: 403 })
    expect([token(), user.value, browser.assign.mock.calls.length]).toEqual([undefined, undefined, 1])
  })

  it('goes to sign-in, however often that is said', async () => {
    start()
    const refused = () => asBuyer(() => Promise.reject(new ApiError(403)))
    await Promise.allSettled([refused(), refused()])
    expect([browser.reload.mock.calls.length, browser.assign.mock.calls[0]]).toEqual([0, ['login.html?next=myOrder.html']])
  })

  it('may do something else instead', () => {
    start()
    const follow = vi.fn()
    followSession(follow)
    listeners.get('storage')?.({})
    expect(follow).not.toHaveBeenCalled()
    elsewhere('xiaoda', 'hers')
    listeners.get('storage')?.({})
    kept.remove('dashop_user')
    listeners.get('storage')?.({})
    expect([follow.mock.calls, browser.reload.mock.calls]).toEqual([[['xiaoda'], [undefined]], []])
  })
})
