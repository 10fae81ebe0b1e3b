"""The customers and products of generated files; `generate` picks from them.

No name holds a delimiter, a quote or a line break, so a row needs quotes only where the generator intends it. All
people and companies are invented from names that are common in their countries.
"""

# ruff: noqa: RUF001 (Greek, Cyrillic and Turkish letters that look like Latin ones are meant here)

from typing import NamedTuple


class Product(NamedTuple):
    """A product and its list price in hundredths."""

    name: str
    price: int


# Given names, family names, and the pattern of a full name.
_PEOPLE = (
    ("James Olivia Noah Amelia Grace Harry", "Walker Hughes Bennett Clarke Foster Reid", "{0} {1}"),
    ("Emily Mason Sophia Ethan Ava Logan", "Johnson Carter Nguyen Ramirez Brooks Peterson", "{0} {1}"),
    ("Anna Lukas Katharina Felix Jonas Marie", "Schmidt Weber Hoffmann Becker Wagner Vogel", "{0} {1}"),
    ("Camille Louis Manon Hugo Jeanne Antoine", "Moreau Laurent Girard Fontaine Mercier Roux", "{0} {1}"),
    ("Giulia Marco Chiara Luca Francesca Paolo", "Rossi Bianchi Ferrari Conti Greco Marino", "{0} {1}"),
    ("Sanne Daan Femke Bram Lotte Thijs", "Bakker|Visser|Mulder|Dekker|Smits|van Dijk", "{0} {1}"),
    ("Priya Arjun Kavya Rohan Ananya Vikram", "Sharma Iyer Patel Reddy Kulkarni Banerjee", "{0} {1}"),
    ("Chidi Ngozi Emeka Amara Tunde Folake", "Okafor Adeyemi Balogun Eze Nwosu Bello", "{0} {1}"),
    ("Wanjiru Kamau Achieng Otieno Njeri Kiprono", "Mwangi Odhiambo Kariuki Wekesa Cheruiyot Mutua", "{0} {1}"),
    ("Dewi Budi Siti Agus Putri Rizky", "Santoso Wijaya Hidayat Lestari Kusuma Pratama", "{0} {1}"),
    ("Haruto Yui Sota Hina Ren Sakura", "Tanaka Suzuki Yamamoto Nakamura Kobayashi Ito", "{0} {1}"),
    ("Maria Jose Angelica Ramon Liza Carlo", "Santos Reyes Cruz Bautista Mendoza Aquino", "{0} {1}"),
)
_PEOPLE_UNICODE = (
    ("Jürgen Käthe Björn Günther Änne Jörg", "Müller Schäfer Köhler Krüger Weiß Böhm", "{0} {1}"),
    ("Zoé André Hélène Jérôme François Anaïs", "Lefèvre Bénard Gérard Besançon Créton Vallée", "{0} {1}"),
    ("José Sofía Andrés Lucía Martín Íñigo", "Núñez Gómez Ibáñez Muñoz Peña Vázquez", "{0} {1}"),
    ("João Conceição Luís Inês Antônio Lívia", "Gonçalves Araújo Magalhães Simões Conceição Brandão", "{0} {1}"),
    ("Łukasz Małgorzata Paweł Bożena Józef Róża", "Wójcik Kamiński Zieliński Dąbrowska Gołąb Żak", "{0} {1}"),
    ("Åsa Bjørn Søren Märta Øyvind Håkan", "Sjöberg Ødegård Nørgaard Åkesson Lindström Sæther", "{0} {1}"),
    ("Çağla Şükrü Gülşen İbrahim Özlem Uğur", "Yıldız Öztürk Şahin Çelik Güneş Aydoğan", "{0} {1}"),
    ("Nguyễn Trần Phạm Hoàng Đặng Lê", "Thị Hồng|Văn Đức|Minh Châu|Quốc Bảo|Ngọc Ánh|Thanh Tùng", "{0} {1}"),
    ("Ольга Дмитро Анна Сергій Марія Олег", "Шевченко Коваленко Бондаренко Кравчук Мельник Ткаченко", "{0} {1}"),
    (
        "Ελένη Γιώργος Μαρία Νίκος Κατερίνα Πέτρος",
        "Παπαδόπουλος Νικολάου Γεωργίου Δημητρίου Ιωάννου Αθανασίου",
        "{0} {1}",
    ),
    ("太郎 美咲 健一 陽子 翔太 由美", "田中 佐藤 鈴木 高橋 渡辺 伊藤", "{1} {0}"),
    ("伟 秀英 芳 娜 建国 丽", "王 李 张 刘 陈 杨", "{1}{0}"),
    ("민준 서연 지훈 수빈 현우 지은", "김 이 박 최 정 강", "{1}{0}"),
    ("محمد فاطمة أحمد ليلى يوسف مريم", "الحسيني النجار الخطيب حداد العلي المنصوري", "{0} {1}"),
    ("דוד רחל יוסף מרים אבי נועה", "כהן לוי מזרחי פרץ ביטון פרידמן", "{0} {1}"),
    ("अनन्या राहुल प्रिया विक्रम सुनीता अमित", "शर्मा वर्मा गुप्ता सिंह मिश्रा जोशी", "{0} {1}"),
    ("สมชาย สุดา ประเสริฐ มาลี วิชัย กัญญา", "ใจดี ศรีสุข ทองคำ แสงจันทร์ บุญมี วงศ์ไทย", "{0} {1}"),
)

# First words of companies, and their trades.
_COMPANIES = (
    (
        "Harborview Oakfield Brightwater Stonebridge Northgate",
        "Hardware Ltd|Interiors Ltd|Catering Supplies Ltd|Joinery",
    ),
    ("Blue Ridge|Prairie|Cedar Falls|Lakeshore|Summit", "Supply Co.|Builders Inc.|Office Products LLC|Outdoor Co."),
    ("Hartmann Lindner Brandt Seidel Kessler", "Elektrotechnik GmbH|Maschinenbau GmbH|& Sohn KG|Haustechnik GmbH"),
    ("Delacroix Montclair Beaumont Lavigne Rousseau", "et Fils SARL|Distribution SAS|Mobilier SAS"),
    ("Colombo Fabbri Moretti Serra Valente", "Forniture S.r.l.|Impianti S.p.A.|e Figli S.n.c."),
    ("van Leeuwen|de Graaf|Hoekstra|Kuipers|Postma", "Bouwmaterialen B.V.|Techniek B.V.|Kantoor B.V."),
    ("Lakshmi Ganga Surya Himalaya Deccan", "Traders Pvt. Ltd.|Textiles Pvt. Ltd.|Engineering Works"),
    ("Savanna Kilima Baobab Mto Simba", "Stores Ltd|Hardware Mart|Agro Supplies"),
    ("Sakura Hikari Midori Asahi Minato", "Trading K.K.|Seisakusho K.K.|Foods K.K."),
    ("Southern Cross|Coolabah|Tasman|Billabong|Kauri", "Timber Pty Ltd|Plumbing Pty Ltd|Office Supplies"),
)
_COMPANIES_UNICODE = (
    ("Bäcker Grünwald Schönfeld Lößnitz Mühlbauer", "Großhandel GmbH|Küchen GmbH|Bürobedarf KG"),
    ("Hôtel du Lac|Île Verte|Forêt Noire|Crêperie Bréhat", "SARL|Équipement SAS"),
    ("Peñalver Sagunto Alcázar Nuñoa", "Construcción S.A.|Diseño S.L.|y Compañía"),
    ("São Bento|Açores|Guimarães|Ipê", "Comércio Ltda.|Materiais de Construção S.A."),
    ("Żuraw Świerk Łabędź Jaskółka", "Sp. z o.o.|Hurtownia Części"),
    ("Blåbær|Fjällvik|Ängsö|Skærgård", "AB|ApS|Trävaror AB"),
    ("東京 大阪 北海道 九州", "商事株式会社|製作所|食品株式会社"),
    ("上海 深圳 成都 广州", "贸易有限公司|电子有限公司"),
    ("한빛 새봄 가온 누리", "상사|전자 주식회사"),
    ("الأمل النور الواحة الخليج", "للتجارة|لمواد البناء"),
    ("آوا پارس البرز آریا", "بازرگانی|صنایع چوب"),
    ("Світанок Каштан Дніпро Карпати", "ТОВ|Будматеріали"),
    ("Ήλιος Αιγαίο Όλυμπος Δελφοί", "Α.Ε.|Εμπορική Ε.Π.Ε."),
)

# A family of products, its variants, and the list price of the first one in hundredths.
_PRODUCTS = (
    ("Hex bolt", "M6x30 zinc|M8x40 zinc|M10x60 stainless|M12x80 stainless", 420),
    ("Wood screw", "3.5x30 box of 200|4x50 box of 200|5x80 box of 100", 690),
    ("Cordless drill", "12 V|18 V|18 V with spare battery", 7990),
    ("LED panel", "30x30 cm 18 W|60x60 cm 36 W|120x30 cm 40 W", 2490),
    ("Power cable NYM-J", "3x1.5 mm 50 m|3x2.5 mm 50 m|5x2.5 mm 50 m", 4150),
    ("Copper pipe", "15 mm 3 m|22 mm 3 m|28 mm 3 m", 1875),
    ("Ball valve", "1/2 inch brass|3/4 inch brass|1 inch brass", 945),
    ("Safety boots S3", "low|mid|high|high winter", 6495),
    ("Work gloves", "nitrile 12 pairs|latex 12 pairs|leather 12 pairs", 1590),
    ("Copy paper A4 500 sheets", "80 g|100 g|120 g coloured", 499),
    ("Ballpoint pen", "box of 50|box of 75", 1120),
    ("Office chair", "fabric|mesh|leather", 14900),
    ("Standing desk", "120x80 cm|160x80 cm|180x80 cm", 38900),
    ("USB-C cable", "0.5 m|1 m|2 m", 549),
    ("Notebook stand", "aluminium silver|aluminium black", 3290),
    ("Espresso beans", "250 g|400 g|500 g", 690),
    ("Basmati rice", "1 kg|1.5 kg|2 kg", 340),
    ("Olive oil extra virgin", "500 ml|750 ml|1 l", 780),
    ("Cotton T-shirt", "white|navy|navy long-sleeved", 890),
    ("Rain jacket", "light|lined|winter", 5990),
    ("Cardboard box", "30x20x15 cm 25 pcs|40x30x20 cm 25 pcs|60x40x40 cm 10 pcs", 1245),
    ("Packing tape", "50 mm x 66 m brown|50 mm x 66 m clear", 215),
    ("Garden hose", "15 m|25 m|35 m", 1990),
    ("Solar module", "410 W|440 W bifacial", 11850),
)
_PRODUCTS_UNICODE = (
    ("Kaffeemühle", "elektrisch schwarz|Handbetrieb Nussbaum", 4990),
    ("Crème brûlée", "boîte de 6|boîte de 12", 1490),
    ("Jamón ibérico", "lonchas 100 g|lonchas 150 g", 1290),
    ("Smörgåsknäcke", "250 g|400 g", 285),
    ("Thermoelement Typ K", "0–400 °C|0–1200 °C", 2375),
    ("Schleifscheibe Ø 125 mm", "K60 10 Stück|K120 10 Stück", 940),
    ("煎茶", "100 g|150 g", 1080),
    ("茉莉花茶", "50 克|75 克", 650),
    ("김치", "500 g|750 g", 720),
    ("تمر مجهول", "1 kg|1.5 kg", 1650),
    ("हल्दी पाउडर", "200 g|300 g", 310),
    ("Гречка", "800 г|1.2 кг", 240),
)


def customers(*, unicode: bool) -> list[str]:
    """Return the customers with names in ASCII, or with `unicode` the others."""
    people, companies = (_PEOPLE_UNICODE, _COMPANIES_UNICODE) if unicode else (_PEOPLE, _COMPANIES)
    persons = [
        pattern.format(given, family)
        for givens, families, pattern in people
        for given in _several(givens)
        for family in _several(families)
    ]
    return persons + [
        f"{stem} {trade}" for stems, trades in companies for stem in _several(stems) for trade in trades.split("|")
    ]


def products(*, unicode: bool) -> list[Product]:
    """Return the products with names in ASCII, or with `unicode` the others. Each variant costs more than the last."""
    return [
        Product(f"{family} {variant}", price * (100 + 45 * step) // 100)
        for family, variants, price in (_PRODUCTS_UNICODE if unicode else _PRODUCTS)
        for step, variant in enumerate(variants.split("|"))
    ]


def _several(names: str) -> list[str]:
    return names.split("|") if "|" in names else names.split()
