import { describe, expect, it } from 'vitest'

import { joinAddress, regionsOfChina, splitAddress } from './region'

const regions = await regionsOfChina()

describe('written addresses', () => {
  it.each([
    ['北京市东城区广渠门内大街41号', ['北京市', '市辖区', '东城区'], '广渠门内大街41号'],
    ['浙江省杭州市西湖区文三路199号', ['浙江省', '杭州市', '西湖区'], '文三路199号'],
    ['上海市徐汇区漕溪北路88号3单元502室', ['上海市', '市辖区', '徐汇区'], '漕溪北路88号3单元502室'],
  ])('%s has a region and a rest', (text, path, rest) => {
    expect(splitAddress(text, regions)).toEqual({ path, rest })
    expect(joinAddress(path, rest)).toBe(text)
  })

  it('without a known region are all rest', () => {
    expect(splitAddress('月球静海1号', regions)).toEqual({ path: [], rest: '月球静海1号' })
    expect(splitAddress('', regions)).toEqual({ path: [], rest: '' })
  })

  it('come back as they were for every county', () => {
    for (const province of regions) {
      for (const city of province.children ?? []) {
        for (const county of city.children ?? []) {
          const text = joinAddress([province.value, city.value, county.value], '中山路1号')
          const { path, rest } = splitAddress(text, regions)
          expect(joinAddress(path, rest), text).toBe(text)
        }
      }
    }
  })
})
