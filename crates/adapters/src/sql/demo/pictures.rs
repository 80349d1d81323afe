/// The picture of a demo SKU as SVG, by the name in `DDSC_SKU.default_image_url`, such as `demo/dress-red.svg`; `None`
/// for an unknown name. The SVG has no external references.
pub fn picture(name: &str) -> Option<String> {
    let (shape, colour) = name.strip_prefix("demo/")?.strip_suffix(".svg")?.split_once('-')?;
    let Colour { main, dark, light } = colour_of(colour)?;
    let drawing = drawing_of(shape)?.replace("MAIN", main).replace("DARK", dark).replace("LIGHT", light);
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 200\" width=\"400\" height=\"400\">\
         <defs><linearGradient id=\"g\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\"><stop offset=\"0\" stop-color=\"#fdfcfa\"/>\
         <stop offset=\"1\" stop-color=\"#ece7e1\"/></linearGradient></defs>\
         <rect width=\"200\" height=\"200\" fill=\"url(#g)\"/>\
         <ellipse cx=\"100\" cy=\"178\" rx=\"58\" ry=\"7\" fill=\"#000\" opacity=\".08\"/>{drawing}</svg>"
    ))
}

struct Colour {
    main: &'static str,
    dark: &'static str,
    light: &'static str,
}

fn colour_of(name: &str) -> Option<Colour> {
    let (main, dark, light) = match name {
        "red" => ("#d64545", "#9f2f2f", "#f0a3a3"),
        "pink" => ("#f29bb5", "#c96a87", "#fbd7e1"),
        "white" => ("#fafafa", "#c9c9c9", "#ffffff"),
        "blue" => ("#4a7fd0", "#2f5798", "#a9c6f2"),
        "black" => ("#3a3d42", "#1f2124", "#7b8088"),
        "grey" => ("#9aa3ad", "#6b737c", "#cfd5db"),
        "brown" => ("#9c6b42", "#6d4728", "#cfa57f"),
        "yellow" => ("#f0c24b", "#c2952a", "#f9e3a6"),
        "green" => ("#5aa469", "#3b7548", "#b2d8b9"),
        _ => return None,
    };
    Some(Colour { main, dark, light })
}

fn drawing_of(shape: &str) -> Option<&'static str> {
    Some(match shape {
        "dress" => DRESS,
        "shirt" => SHIRT,
        "shoe" => SHOE,
        "backpack" => BACKPACK,
        "umbrella" => UMBRELLA,
        "cup" => CUP,
        "lamp" => LAMP,
        "headphones" => HEADPHONES,
        "phone" => PHONE,
        "tea" => TEA,
        "bag" => BAG,
        _ => return None,
    })
}

const DRESS: &str = r##"<path d="M76 26 L84 26 Q100 44 116 26 L124 26 L126 62 Q122 78 128 88 L160 170 Q100 186 40 170 L72 88 Q78 78 74 62 Z" fill="MAIN" stroke="DARK" stroke-width="2" stroke-linejoin="round"/><path d="M72 88 Q100 96 128 88" fill="none" stroke="DARK" stroke-width="4"/><path d="M86 100 L74 172 M100 102 L100 178 M114 100 L126 172" stroke="LIGHT" stroke-width="3" stroke-linecap="round" opacity=".8"/>"##;

const SHIRT: &str = r##"<path d="M72 34 Q100 56 128 34 L172 60 L156 94 L140 86 L140 170 L60 170 L60 86 L44 94 L28 60 Z" fill="MAIN" stroke="DARK" stroke-width="2" stroke-linejoin="round"/><path d="M72 34 Q100 62 128 34" fill="none" stroke="DARK" stroke-width="4"/><path d="M60 86 L60 110 M140 86 L140 110" stroke="DARK" stroke-width="2" opacity=".5"/><circle cx="118" cy="88" r="6" fill="LIGHT" stroke="DARK"/>"##;

const SHOE: &str = r##"<path d="M28 118 Q30 92 46 84 Q58 98 76 90 L92 74 Q104 104 140 114 Q172 120 174 142 L174 150 L28 150 Z" fill="MAIN" stroke="DARK" stroke-width="2" stroke-linejoin="round"/><path d="M24 148 L176 148 Q180 166 168 168 L34 168 Q22 166 24 148 Z" fill="#ffffff" stroke="DARK" stroke-width="2"/><path d="M88 84 L78 94 M98 94 L86 104 M108 102 L96 112" stroke="LIGHT" stroke-width="4" stroke-linecap="round"/><path d="M40 140 Q70 118 110 140" fill="none" stroke="LIGHT" stroke-width="5"/>"##;

const BACKPACK: &str = r##"<path d="M78 40 Q78 22 100 22 Q122 22 122 40" fill="none" stroke="DARK" stroke-width="7"/><rect x="50" y="36" width="100" height="138" rx="30" fill="MAIN" stroke="DARK" stroke-width="2"/><rect x="64" y="104" width="72" height="58" rx="12" fill="LIGHT" stroke="DARK" stroke-width="2"/><path d="M64 122 L136 122" stroke="DARK" stroke-width="2"/><rect x="94" y="118" width="12" height="14" rx="3" fill="DARK"/><path d="M58 80 Q100 92 142 80" fill="none" stroke="DARK" stroke-width="3"/>"##;

const UMBRELLA: &str = r##"<path d="M100 36 L100 156 Q100 172 116 172 Q130 172 130 158" fill="none" stroke="#8a6a48" stroke-width="6" stroke-linecap="round"/><path d="M24 106 Q30 38 100 34 Q170 38 176 106 Q162 92 150 106 Q136 92 126 106 Q112 92 100 106 Q88 92 74 106 Q64 92 50 106 Q38 92 24 106 Z" fill="MAIN" stroke="DARK" stroke-width="2" stroke-linejoin="round"/><path d="M100 34 Q76 66 74 106 M100 34 Q124 66 126 106" fill="none" stroke="LIGHT" stroke-width="3"/><circle cx="100" cy="31" r="4" fill="DARK"/>"##;

const CUP: &str = r##"<rect x="72" y="26" width="56" height="26" rx="8" fill="DARK"/><rect x="66" y="50" width="68" height="126" rx="14" fill="MAIN" stroke="DARK" stroke-width="2"/><rect x="66" y="64" width="68" height="8" fill="DARK" opacity=".35"/><path d="M80 84 L80 160" stroke="LIGHT" stroke-width="7" stroke-linecap="round"/><path d="M108 112 Q120 100 116 122 Q112 138 100 134 Q98 120 108 112 Z" fill="LIGHT" stroke="DARK" stroke-width="1.5"/>"##;

const LAMP: &str = r##"<ellipse cx="100" cy="170" rx="46" ry="9" fill="DARK"/><path d="M100 166 L74 108 L112 66" fill="none" stroke="DARK" stroke-width="7" stroke-linejoin="round" stroke-linecap="round"/><path d="M92 60 L128 32 L162 74 Q134 98 104 88 Z" fill="MAIN" stroke="DARK" stroke-width="2" stroke-linejoin="round"/><path d="M104 88 Q134 98 162 74 L186 122 Q140 150 96 126 Z" fill="#ffe9a8" opacity=".55"/><circle cx="74" cy="108" r="6" fill="LIGHT" stroke="DARK"/>"##;

const HEADPHONES: &str = r##"<path d="M44 118 Q40 38 100 36 Q160 38 156 118" fill="none" stroke="DARK" stroke-width="12" stroke-linecap="round"/><path d="M50 110 Q50 46 100 44 Q150 46 150 110" fill="none" stroke="LIGHT" stroke-width="4"/><rect x="30" y="104" width="34" height="62" rx="15" fill="MAIN" stroke="DARK" stroke-width="2"/><rect x="136" y="104" width="34" height="62" rx="15" fill="MAIN" stroke="DARK" stroke-width="2"/><rect x="58" y="112" width="12" height="46" rx="6" fill="DARK"/><rect x="130" y="112" width="12" height="46" rx="6" fill="DARK"/>"##;

const PHONE: &str = r##"<rect x="58" y="20" width="84" height="158" rx="14" fill="MAIN" stroke="DARK" stroke-width="3"/><rect x="65" y="28" width="70" height="142" rx="8" fill="#101820"/><path d="M65 120 Q90 92 112 112 Q124 122 135 104 L135 162 Q135 170 127 170 L73 170 Q65 170 65 162 Z" fill="LIGHT"/><circle cx="116" cy="66" r="12" fill="#ffe9a8"/><rect x="90" y="33" width="20" height="5" rx="2.5" fill="DARK"/>"##;

const TEA: &str = r##"<rect x="58" y="52" width="84" height="122" rx="10" fill="MAIN" stroke="DARK" stroke-width="2"/><rect x="52" y="32" width="96" height="28" rx="8" fill="DARK"/><rect x="72" y="80" width="56" height="72" rx="4" fill="#fdf8e8" stroke="DARK"/><path d="M100 94 Q124 104 112 132 Q104 142 100 142 Q96 142 88 132 Q76 104 100 94 Z" fill="#5aa469"/><path d="M100 98 L100 146" stroke="#3b7548" stroke-width="2.5"/>"##;

const BAG: &str = r##"<path d="M62 44 Q100 54 138 44 L150 170 Q100 182 50 170 Z" fill="MAIN" stroke="DARK" stroke-width="2" stroke-linejoin="round"/><path d="M60 58 Q100 68 140 58" fill="none" stroke="DARK" stroke-width="5"/><path d="M66 44 L58 28 L142 28 L134 44" fill="LIGHT" stroke="DARK" stroke-width="2" stroke-linejoin="round"/><ellipse cx="100" cy="120" rx="30" ry="34" fill="#fdf8e8" stroke="DARK"/><path d="M100 144 L100 106 M100 128 Q88 122 88 110 M100 128 Q112 122 112 110 M100 114 Q90 108 92 98 M100 114 Q110 108 108 98" fill="none" stroke="#b98a2f" stroke-width="3" stroke-linecap="round"/>"##;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_have_no_picture() {
        for name in [
            "",
            "demo/",
            "demo/dress.svg",
            "demo/dress-mauve.svg",
            "demo/car-red.svg",
            "dress-red.svg",
            "demo/../x",
        ] {
            assert!(picture(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_picture_refers_to_nothing_outside() {
        let svg = picture("demo/dress-red.svg").unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert!(!svg.contains("href") && !svg.contains("script"));
        assert!(!svg.contains("MAIN") && !svg.contains("DARK") && !svg.contains("LIGHT"));
        assert_eq!(svg.matches("http").count(), 1, "the namespace alone");
    }
}
