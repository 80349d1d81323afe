use domain::Money;

/// A product of the demo shop, with its SKUs. Ids count from one, in the order of [`products`].
pub(in crate::sql) struct Product {
    pub(in crate::sql) id: i32,
    pub(in crate::sql) name: &'static str,
    /// Its place in [`catalogs`], counting from one.
    pub(in crate::sql) catalog: i32,
    /// Its place in [`brands`], counting from one.
    pub(in crate::sql) brand: i32,
    /// The names of the attributes in which its SKUs differ.
    pub(in crate::sql) attributes: Vec<&'static str>,
    pub(in crate::sql) skus: Vec<DemoSku>,
}

/// One SKU of a product.
pub(in crate::sql) struct DemoSku {
    pub(in crate::sql) id: i32,
    pub(in crate::sql) name: String,
    pub(in crate::sql) caption: &'static str,
    pub(in crate::sql) price: Money,
    pub(in crate::sql) stock: i32,
    pub(in crate::sql) is_launched: bool,
    pub(in crate::sql) image: String,
    /// Values of the product's attributes, in their order.
    pub(in crate::sql) values: Vec<&'static str>,
}

/// SKUs that the demo treats specially.
pub(super) struct Special {
    /// Only two pieces are left.
    pub(super) scarce: i32,
    /// The SKU is off the shelf.
    pub(super) off_shelf: i32,
}

pub(super) const SPECIAL: Special = Special { scarce: 26, off_shelf: 17 };

const ORDINARY_STOCK: i32 = 200;
const SCARCE_STOCK: i32 = 2;

/// Kinds of goods: name, at most ten characters. Their ids count from one.
pub(in crate::sql) fn catalogs() -> [&'static str; 7] {
    ["女装", "男装", "鞋靴", "箱包", "家居", "数码", "食品"]
}

/// Brands: name, first letter. Their ids count from one.
pub(in crate::sql) fn brands() -> [(&'static str, &'static str); 8] {
    [
        ("红袖", "H"),
        ("山野", "S"),
        ("飞驰", "F"),
        ("远行", "Y"),
        ("暖居", "N"),
        ("清音", "Q"),
        ("星河", "X"),
        ("龙井村", "L"),
    ]
}

/// Converts yuan and fen to fen.
const fn fen(yuan: i64, fen: i64) -> i64 {
    yuan * 100 + fen
}

/// The description from which [`products`] builds a product.
struct Plan {
    name: &'static str,
    caption: &'static str,
    catalog: i32,
    brand: i32,
    /// The shape that its picture shows; see `pictures`.
    shape: &'static str,
    /// Fen.
    price: i64,
    /// The attribute that the picture shows: its name, and its values with a colour for each.
    look: (&'static str, &'static [(&'static str, &'static str)]),
    /// The other attribute, if any: its name, and its values with the surcharge for each in fen.
    size: Option<(&'static str, &'static [(&'static str, i64)])>,
}

const PLANS: [Plan; 11] = [
    Plan {
        name: "红袖添香连衣裙",
        caption: "法式方领，显瘦收腰，轻盈雪纺",
        catalog: 1,
        brand: 1,
        shape: "dress",
        price: fen(209, 0),
        look: ("颜色", &[("红色", "red"), ("粉色", "pink")]),
        size: Some(("尺寸", &[("M", 0), ("L", 0)])),
    },
    Plan {
        name: "山野纯棉圆领T恤",
        caption: "长绒棉，不易变形，四季可穿",
        catalog: 2,
        brand: 2,
        shape: "shirt",
        price: fen(59, 0),
        look: ("颜色", &[("白色", "white"), ("蓝色", "blue"), ("黑色", "black")]),
        size: Some(("尺码", &[("M", 0), ("XL", fen(5, 0))])),
    },
    Plan {
        name: "飞驰轻跑运动鞋",
        caption: "透气飞织鞋面，回弹中底",
        catalog: 3,
        brand: 3,
        shape: "shoe",
        price: fen(199, 0),
        look: ("颜色", &[("灰色", "grey"), ("蓝色", "blue")]),
        size: Some(("鞋码", &[("40", 0), ("42", 0)])),
    },
    Plan {
        name: "远行双肩背包",
        caption: "防泼水，可放15.6寸电脑",
        catalog: 4,
        brand: 4,
        shape: "backpack",
        price: fen(269, 0),
        look: ("颜色", &[("棕色", "brown"), ("黑色", "black")]),
        size: None,
    },
    Plan {
        name: "暖居晴雨折叠伞",
        caption: "黑胶防晒，一键开合",
        catalog: 5,
        brand: 5,
        shape: "umbrella",
        price: fen(49, 90),
        look: ("颜色", &[("黄色", "yellow"), ("绿色", "green"), ("蓝色", "blue")]),
        size: None,
    },
    Plan {
        name: "暖居316不锈钢保温杯",
        caption: "24小时保温，一杯好茶随身",
        catalog: 5,
        brand: 5,
        shape: "cup",
        price: fen(89, 0),
        look: ("颜色", &[("白色", "white"), ("绿色", "green")]),
        size: Some(("容量", &[("350ml", 0), ("500ml", fen(10, 0))])),
    },
    Plan {
        name: "暖居护眼台灯",
        caption: "无频闪，三档色温",
        catalog: 5,
        brand: 5,
        shape: "lamp",
        price: fen(139, 0),
        look: ("颜色", &[("白色", "white"), ("黑色", "black")]),
        size: None,
    },
    Plan {
        name: "清音降噪蓝牙耳机",
        caption: "主动降噪，36小时续航",
        catalog: 6,
        brand: 6,
        shape: "headphones",
        price: fen(499, 0),
        look: ("颜色", &[("白色", "white"), ("黑色", "black"), ("红色", "red")]),
        size: None,
    },
    Plan {
        name: "星河智能手机",
        caption: "高清护眼屏，5000毫安大电池",
        catalog: 6,
        brand: 7,
        shape: "phone",
        price: fen(1999, 0),
        look: ("颜色", &[("蓝色", "blue"), ("黑色", "black")]),
        size: Some(("内存", &[("128G", 0), ("256G", fen(400, 0))])),
    },
    Plan {
        name: "明前龙井茶",
        caption: "手工炒制，豆香清甜",
        catalog: 7,
        brand: 8,
        shape: "tea",
        price: fen(128, 0),
        look: ("包装", &[("罐装", "green"), ("礼盒", "red")]),
        size: Some(("净含量", &[("100克", 0), ("250克", fen(170, 0))])),
    },
    Plan {
        name: "山野东北五常大米",
        caption: "当季新米，粒粒饱满，5千克",
        catalog: 7,
        brand: 2,
        shape: "bag",
        price: fen(79, 90),
        look: ("包装", &[("布袋", "yellow"), ("真空", "grey")]),
        size: None,
    },
];

/// The products of the demo shop.
pub(in crate::sql) fn products() -> Vec<Product> {
    let mut next_sku = 1..;
    (1..).zip(&PLANS).map(|(id, plan)| product(id, plan, &mut next_sku)).collect()
}

fn product(id: i32, plan: &Plan, next_sku: &mut impl Iterator<Item = i32>) -> Product {
    let (look, looks) = plan.look;
    let attributes = [Some(look), plan.size.map(|(name, _)| name)].into_iter().flatten().collect();
    let combinations = looks.iter().flat_map(|look| match plan.size {
        Some((_, sizes)) => sizes.iter().map(|size| (*look, Some(*size))).collect::<Vec<_>>(),
        None => vec![(*look, None)],
    });
    let skus = combinations.zip(next_sku).map(|((look, size), id)| sku(id, plan, look, size)).collect();
    Product { id, name: plan.name, catalog: plan.catalog, brand: plan.brand, attributes, skus }
}

fn sku(id: i32, plan: &Plan, look: (&'static str, &str), size: Option<(&'static str, i64)>) -> DemoSku {
    let (value, colour) = look;
    let (size, on_top) = size.map_or((None, 0), |(size, on_top)| (Some(size), on_top));
    let values: Vec<_> = [Some(value), size].into_iter().flatten().collect();
    DemoSku {
        id,
        name: format!("{} {}", plan.name, values.join(" ")),
        caption: plan.caption,
        price: Money::from_fen(plan.price + on_top).unwrap_or(Money::MAX),
        stock: if id == SPECIAL.scarce { SCARCE_STOCK } else { ORDINARY_STOCK },
        is_launched: id != SPECIAL.off_shelf,
        image: format!("demo/{}-{colour}.svg", plan.shape),
        values,
    }
}
