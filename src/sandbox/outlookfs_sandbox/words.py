"""The words the invented mailboxes are made of: dull enough to be believed, odd enough to find bugs (quotes, slashes, scripts other
than Latin, names of equal spelling). A '#' stands for a digit."""
import base64

LOCALES = [
    {"country": "Germany",
     "given": ["Jürgen", "Anke", "Björn", "Sabine", "Käthe", "Matthias", "Ulrike", "Götz"],
     "login_given": ["jurgen", "anke", "bjorn", "sabine", "kathe", "matthias", "ulrike", "gotz"],
     "surnames": ["Müller", "Schäfer", "Groß", "Hoffmann", "Weiß", "Brandt", "Köhler", "Vogel"],
     "login_surnames": ["muller", "schafer", "gross", "hoffmann", "weiss", "brandt", "kohler", "vogel"],
     "streets": ["Lindenstraße ##", "Hauptstraße ###", "Am Markt #", "Goethestraße ##"],
     "cities": ["Köln", "München", "Münster", "Dresden"],
     "postal": "5####",
     "phone": "+49 221 ######",
     "mobile": "+49 171 #######"},
    {"country": "United States",
     "given": ["Alan", "Maria", "Deshawn", "Emily", "Rosa", "Kevin", "Priya", "Walter"],
     "login_given": ["alan", "maria", "deshawn", "emily", "rosa", "kevin", "priya", "walter"],
     "surnames": ["Walker", "Nguyen", "O'Brien", "Garcia", "Johnson", "Patel", "Smith-Jones", "Lopez"],
     "login_surnames": ["walker", "nguyen", "obrien", "garcia", "johnson", "patel", "smith-jones", "lopez"],
     "streets": ["#### Elm Street", "### Main St", "## Ocean Ave", "#### NE 8th St"],
     "cities": ["Redmond", "Austin", "Portland", "Springfield"],
     "state": "WA",
     "postal": "98###",
     "phone": "+1 (425) 555-01##",
     "mobile": "+1 (206) 555-01##"},
    {"country": "France",
     "given": ["Zoé", "François", "Élodie", "Benoît", "Chloé", "Jérôme", "Anaïs", "Loïc"],
     "login_given": ["zoe", "francois", "elodie", "benoit", "chloe", "jerome", "anais", "loic"],
     "surnames": ["Lefèvre", "Dubois", "Bérenger", "Garçon", "Moreau", "D'Aubigné", "Noël", "Rousseau"],
     "login_surnames": ["lefevre", "dubois", "berenger", "garcon", "moreau", "daubigne", "noel", "rousseau"],
     "streets": ["## rue de la Paix", "# place Bellecour", "### avenue Foch", "## quai Voltaire"],
     "cities": ["Lyon", "Paris", "Besançon", "Nîmes"],
     "postal": "69###",
     "phone": "+33 4 72 ## ## ##",
     "mobile": "+33 6 12 ## ## ##"},
    {"country": "Poland",
     "given": ["Łukasz", "Agnieszka", "Paweł", "Małgorzata", "Jędrzej", "Zofia", "Michał", "Świętosława"],
     "login_given": ["lukasz", "agnieszka", "pawel", "malgorzata", "jedrzej", "zofia", "michal", "swietoslawa"],
     "surnames": ["Wójcik", "Kowalska", "Żółć", "Nowak", "Dąbrowski", "Śliwa", "Kamiński", "Pająk"],
     "login_surnames": ["wojcik", "kowalska", "zolc", "nowak", "dabrowski", "sliwa", "kaminski", "pajak"],
     "streets": ["ul. Długa ##", "ul. Świętokrzyska ##", "al. Jerozolimskie ###", "ul. Piękna #"],
     "cities": ["Łódź", "Kraków", "Gdańsk", "Poznań"],
     "postal": "9#-###",
     "phone": "+48 42 ### ## ##",
     "mobile": "+48 601 ### ###"},
    {"country": "Sweden",
     "given": ["Åsa", "Håkan", "Björn", "Ingrid", "Örjan", "Märta", "Göran", "Sofia"],
     "login_given": ["asa", "hakan", "bjorn", "ingrid", "orjan", "marta", "goran", "sofia"],
     "surnames": ["Ångström", "Lindqvist", "Sjöberg", "Öberg", "Nyström", "Holm", "Bergström", "Hägg"],
     "login_surnames": ["angstrom", "lindqvist", "sjoberg", "oberg", "nystrom", "holm", "bergstrom", "hagg"],
     "streets": ["Storgatan ##", "Drottninggatan ##", "Kungsgatan #", "Västra Hamngatan #"],
     "cities": ["Malmö", "Göteborg", "Västerås", "Örebro"],
     "postal": "2## ##",
     "phone": "+46 40 ### ## ##",
     "mobile": "+46 70 ### ## ##"},
    {"country": "Japan",
     "given": ["太郎", "花子", "健一", "美咲", "翔", "さくら", "大輔", "由美"],
     "login_given": ["taro", "hanako", "kenichi", "misaki", "sho", "sakura", "daisuke", "yumi"],
     "surnames": ["山田", "佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "中村"],
     "login_surnames": ["yamada", "sato", "suzuki", "takahashi", "tanaka", "watanabe", "ito", "nakamura"],
     "yomi_given": ["タロウ", "ハナコ", "ケンイチ", "ミサキ", "ショウ", "サクラ", "ダイスケ", "ユミ"],
     "yomi_surnames": ["ヤマダ", "サトウ", "スズキ", "タカハシ", "タナカ", "ワタナベ", "イトウ", "ナカムラ"],
     "streets": ["丸の内#-#-#", "梅田#-##", "栄#-#-##", "中央#-#"],
     "cities": ["東京", "大阪", "名古屋", "札幌"],
     "postal": "1##-00##",
     "phone": "+81 3 5555 01##",
     "mobile": "+81 90 5555 01##"},
    {"country": "United Kingdom",
     "given": ["Siobhán", "Oliver", "Gwen", "Hamish", "Imogen", "Rhys", "Fiona", "Nigel"],
     "login_given": ["siobhan", "oliver", "gwen", "hamish", "imogen", "rhys", "fiona", "nigel"],
     "surnames": ["MacDonald", "Evans", "Fitzgerald", "Hughes", "Llewellyn", "O'Neill", "Baker", "Wright"],
     "login_surnames": ["macdonald", "evans", "fitzgerald", "hughes", "llewellyn", "oneill", "baker", "wright"],
     "streets": ["## High Street", "# Station Road", "### Kings Road", "The Old Mill, Unit #"],
     "cities": ["Bristol", "Leeds", "Aberdeen", "Cardiff"],
     "postal": "BS# #AB",
     "phone": "+44 117 496 0###",
     "mobile": "+44 7700 900###"},
    {"country": "Greece",
     "given": ["Ελένη", "Γιώργος", "Μαρία", "Νίκος", "Κατερίνα", "Δημήτρης", "Σοφία", "Αλέξανδρος"],
     "login_given": ["eleni", "giorgos", "maria", "nikos", "katerina", "dimitris", "sofia", "alexandros"],
     "surnames": ["Παπαδοπούλου", "Νικολάου", "Γεωργίου", "Ιωάννου", "Κωνσταντίνου", "Αγγέλου", "Βασιλείου", "Χρήστου"],
     "login_surnames": ["papadopoulou", "nikolaou", "georgiou", "ioannou", "konstantinou", "angelou", "vasiliou", "christou"],
     "streets": ["Ερμού ##", "Πατησίων ###", "Εγνατία ##", "Σταδίου #"],
     "cities": ["Αθήνα", "Θεσσαλονίκη", "Πάτρα", "Ηράκλειο"],
     "postal": "10# ##",
     "phone": "+30 210 555 0###",
     "mobile": "+30 694 555 0###"},
    {"country": "Turkey",
     "given": ["Çağla", "Mehmet", "Şule", "İbrahim", "Gülay", "Oğuz", "Ayşe", "Ömer"],
     "login_given": ["cagla", "mehmet", "sule", "ibrahim", "gulay", "oguz", "ayse", "omer"],
     "surnames": ["Yıldız", "Öztürk", "Şahin", "Çelik", "Aydın", "Koç", "Güneş", "Doğan"],
     "login_surnames": ["yildiz", "ozturk", "sahin", "celik", "aydin", "koc", "gunes", "dogan"],
     "streets": ["İstiklal Cd. No:##", "Atatürk Blv. ###", "Bağdat Cd. ##", "Gül Sk. #"],
     "cities": ["İzmir", "İstanbul", "Ankara", "Eskişehir"],
     "postal": "350##",
     "phone": "+90 232 555 0# ##",
     "mobile": "+90 532 555 0# ##"},
    {"country": "Brazil",
     "given": ["João", "Conceição", "Antônio", "Luísa", "Gonçalo", "Fátima", "André", "Inês"],
     "login_given": ["joao", "conceicao", "antonio", "luisa", "goncalo", "fatima", "andre", "ines"],
     "surnames": ["Silva", "Gonçalves", "Araújo", "Simões", "Magalhães", "Corrêa", "Ramalho", "Assunção"],
     "login_surnames": ["silva", "goncalves", "araujo", "simoes", "magalhaes", "correa", "ramalho", "assuncao"],
     "streets": ["Rua das Flores, ##", "Av. Paulista, ####", "Travessa do Carmo, #", "Rua São Bento, ###"],
     "cities": ["São Paulo", "Florianópolis", "Belém", "Goiânia"],
     "state": "SP",
     "postal": "01###-0##",
     "phone": "+55 11 5555-01##",
     "mobile": "+55 11 95555-01##"},
]

COMPANIES = [
    ("Contoso Ltd.", "contoso.com"),
    ("Fabrikam, Inc.", "fabrikam.com"),
    ("Adatum GmbH & Co. KG", "adatum.com"),
    ("Northwind Traders", "northwindtraders.com"),
    ("Litware", "litwareinc.com"),
    ('A. Datum \\ Söhne', "adatum.com"),
    ("Woodgrove Bank", "woodgrovebank.com"),
    ("Tailspin Toys", "tailspintoys.com"),
    ('Proseware "Labs"', "proseware.com"),
    ("Wide World Importers", "wideworldimporters.com"),
    ("株式会社サンプル", "fineartschool.net"),
    ("Blue Yonder Airlines", "blueyonderairlines.com"),
]

JOBS = ["Account Manager", "Buyer", "Chief Engineer", "Controller", "Designer", "Head of Sales", "Legal Counsel",
        "Office Manager", "Product Owner", "Researcher", "Site Supervisor", "Support Engineer", "Translator"]

DEPARTMENTS = ["Engineering", "Finance", "Human Resources", "Legal", "Logistics", "Research & Development", "Sales"]

CATEGORIES = ["Blue category", "Customer", "Family", "Supplier", "VIP"]

MEETINGS = ["Budget review", "Coffee with the new colleagues", "Contract: Q1 renewal", "Customer visit",
            "Design review – import dialog", "Interview", "Lunch & learn", "Planning", "Retrospective",
            "Status call Köln/Lyon", "Supplier audit", 'Workshop "Onboarding"']

ROOMS = ["Meeting room 1.12", "Raum Rhein", "Salle Bellecour", "Skype Meeting", "Cafeteria", "Building 4/West"]

HOLIDAYS = ["Company holiday", "Vacation", "Trade fair", "Public holiday", "Training"]

SUBJECTS = ["Agenda for Tuesday", "Angebot Nr. 4711", "Question about the invoice", "Minutes of the meeting",
            "New price list", "Order confirmation", "Photos from the summer party", "Please review: contract draft",
            "Release 4.2 is out", "Travel expenses – Zürich", "Your parcel is on its way", "Welcome to the team", "ご挨拶",
            "Κράτηση ξενοδοχείου"]

SENTENCES = [
    "Thank you for the quick answer.",
    "Could you have a look at the attached draft before Thursday?",
    "The figures for October are in, and they are better than expected.",
    "We moved the delivery to the second week of December.",
    "Please let me know whether the proposal works for you.",
    "The train from Zürich was late again, so I will join from the phone.",
    "As discussed, I changed the address & the bank details in the system.",
    "Attached you find the list of open points (a < b means overdue).",
    "Who takes the minutes this time?",
    "I am out of the office on Friday; Gülay covers for me.",
    "The customer asked for a second quote with 500 pieces.",
    "Everything else stays as it was.",
    "Mit freundlichen Grüßen aus Köln.",
    "Bien cordialement, et bonne journée à tous.",
]

# (name, type, content id of an inline one, content): two pictures of one name, a logo, a text, a table, a name with a '/'.
IMAGE_A = ("image001.png", "image/png", None, base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFUlEQVR42mNgSN5IGhrVMKph+GoAAArKFBAU8fE4AAAAAElFTkSuQmCC"))
IMAGE_B = ("image001.png", "image/png", None, base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABgAAAAICAIAAABsw6g0AAAAFElEQVR42mO4Yc1IFcQwatBINggAzVzPAbqo2yUAAAAASUVORK5CYII="))
LOGO = ("logo.png", "image/png", "logo@contoso.com", base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKUlEQVR42u3NMQ0AAAgDsEmYYMSjgoOkSf+m01MRCAQCgUAgEAgEX4IF6clwH1Q3"
    "Ft8AAAAASUVORK5CYII="))
NOTES = ("open points.txt", "text/plain", None, "Open points\n\n1. Delivery date\n2. Grüße an das Team\n".encode())
FIGURES = ("figures.csv", "text/csv", None, b'month,region,units,revenue\r\n2026-08,North,120,"1,240.50"\r\n2026-09,North,98,1011.00\r\n'
           b"2026-10,South,205,2210.75\r\n")
SCAN = ("scan 1/2.txt", "text/plain", None, b"Scan of the letter, both sides.\n")
