import { describe, expect, it } from 'vitest'

import { deviceOf, isWeChat } from './device'

const PC = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36'
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'
const ANDROID = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36'
const WECHAT = `${IPHONE} MicroMessenger/8.0.49(0x1800312d) NetType/WIFI Language/zh_CN`
const WECHAT_ON_PC = `${PC} MicroMessenger/7.0.20.1781 WindowsWechat`

describe('the device', () => {
  it('is a phone or a PC', () => {
    expect([PC, IPHONE, ANDROID, WECHAT, WECHAT_ON_PC, ''].map(deviceOf)).toEqual(['pc', 'wap', 'wap', 'wap', 'pc', 'pc'])
  })

  it('tells WeChat from other browsers', () => {
    expect([PC, IPHONE, ANDROID, WECHAT, WECHAT_ON_PC, ''].map(isWeChat)).toEqual([false, false, false, true, true, false])
  })
})
