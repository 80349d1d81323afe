import '@/styles/base.css'

import { ElConfigProvider } from 'element-plus'
import zhCn from 'element-plus/es/locale/lang/zh-cn'
import { createApp, h, type Component } from 'vue'

/** Opens a page: the component library speaks Chinese in all of them. */
export function open(page: Component): void {
  createApp({ render: () => h(ElConfigProvider, { locale: zhCn, button: { autoInsertSpace: false } }, () => h(page)) }).mount('#app')
}
