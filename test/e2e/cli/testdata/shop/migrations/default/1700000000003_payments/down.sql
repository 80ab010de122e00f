drop table review, shipment, invoice, payment;
