-- Sales by region: two tables filled by a recursive query, an index, a join with grouping.
PRAGMA journal_mode = OFF;
CREATE TABLE customer(id INTEGER PRIMARY KEY, region INTEGER, name TEXT);
CREATE TABLE sale(id INTEGER PRIMARY KEY, customer INTEGER, amount INTEGER, note TEXT);
INSERT INTO customer
WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 4000)
SELECT i, i * 7919 % 25, 'customer number ' || i FROM k;
INSERT INTO sale
WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 12000)
SELECT i, 1 + i * 48271 % 4000, i * 69621 % 1000, 'a note of some length about sale ' || i FROM k;
CREATE INDEX by_customer ON sale(customer);
SELECT region, count(*), sum(amount), max(note)
FROM customer JOIN sale ON sale.customer = customer.id
GROUP BY region ORDER BY 3 DESC;
