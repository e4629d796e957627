"""The database: tables, migrations, transactions. No rule about people, law or cameras lives here."""
