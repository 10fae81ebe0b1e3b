"""Owns the fast way to DynamoDB: signed BatchWriteItem requests over pooled connections."""
